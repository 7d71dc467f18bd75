//! Each rule by itself.

use std::time::UNIX_EPOCH;

use clerk_webhooks::{
    event::{Organization, OrganizationMembership, Timestamp, User},
    testing::{
        deliver,
        fixtures::{self, Fixture, FixtureData},
    },
};
use example_sync_users::{Database, MEMBERSHIPS, ORGANIZATIONS, Outcome, USERS, sync};
use serde::Serialize;
use serde_json::{Value, json};

use crate::databases::rows;

on_both_databases! {
    a_new_user_is_a_row,
    the_email_is_the_primary_one_or_null,
    a_newer_update_wins,
    an_update_of_the_same_time_wins,
    an_older_update_is_stale,
    an_update_that_overtakes_its_creation_creates,
    a_deletion_leaves_a_tombstone_without_personal_data,
    a_late_update_cannot_resurrect,
    a_deletion_of_an_unknown_id_inserts_its_tombstone,
    a_second_deletion_is_stale,
    a_deletion_without_a_time_happened_at_its_attempt,
    a_deletion_wins_over_an_update_that_is_newer_by_the_clock,
    a_state_without_updated_at_counts_from_its_event,
    a_state_without_any_time_fills_but_never_replaces_a_dated_one,
    the_same_message_again_is_a_duplicate,
    organizations_follow_the_same_rules,
    memberships_follow_the_same_rules,
    a_deleted_membership_keeps_its_ids_and_its_last_role,
    a_membership_may_arrive_before_its_user_and_organization,
    a_member_is_counted_once_however_often_its_message_arrives,
    other_events_are_ignored,
}

/// What a new message does.
async fn did(database: &Database, event: impl Serialize) -> Outcome {
    sync(database, &deliver(event)).await.unwrap()
}

/// Late in 2023, so that it is no number of seconds.
const START: i64 = 1_700_000_000_000;

fn at(moment: i64) -> Timestamp {
    Timestamp::from_millis(START + moment)
}

fn named(user: Fixture<User>, name: &str, moment: i64) -> Fixture<User> {
    user.id("user_1")
        .email("ada@example.com")
        .with(|user| user.first_name = Some(name.to_owned()))
        .with(|user| user.last_name = None)
        .at(at(moment))
}

fn created(name: &str, moment: i64) -> Fixture<User> {
    named(fixtures::user_created(), name, moment)
}

fn updated(name: &str, moment: i64) -> Fixture<User> {
    named(fixtures::user_updated(), name, moment)
}

fn deleted<T: FixtureData>(object: Fixture<T>, id: &str, moment: i64) -> Fixture<T> {
    object.id(id).at(at(moment))
}

#[track_caller]
fn assert_rows(rows: &[String], expected: &[&str]) {
    let since_start = |field: &str| match field.parse::<i64>() {
        Ok(millis) => (millis - START).to_string(),
        Err(_) => field.to_owned(),
    };
    let row = |row: &String| {
        row.split('|')
            .map(since_start)
            .collect::<Vec<_>>()
            .join("|")
    };
    assert_eq!(rows.iter().map(row).collect::<Vec<_>>(), expected);
}

async fn a_new_user_is_a_row(database: Database) {
    assert_eq!(did(&database, created("Ada", 1)).await, Outcome::Created);
    let expected = ["user_1|ada@example.com|Ada|-|1|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn the_email_is_the_primary_one_or_null(database: Database) {
    let second_is_primary = created("Ada", 1).with(|user| {
        let mut first = user.email_addresses[0].clone();
        first.id = Some("idn_first".to_owned());
        first.email_address = "first@example.com".to_owned();
        user.email_addresses.insert(0, first);
    });
    did(&database, second_is_primary).await;
    let expected = ["user_1|ada@example.com|Ada|-|1|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);

    let none_is_primary = updated("Ada", 2).with(|user| user.primary_email_address_id = None);
    did(&database, none_is_primary).await;
    assert_rows(&rows(&database, &USERS).await, &["user_1|-|Ada|-|2|-"]);
}

async fn a_newer_update_wins(database: Database) {
    did(&database, created("Ada", 1)).await;
    let renamed = updated("Augusta", 2).with(|user| user.last_name = Some(String::new()));
    assert_eq!(did(&database, renamed).await, Outcome::Updated);
    let expected = ["user_1|ada@example.com|Augusta||2|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn an_update_of_the_same_time_wins(database: Database) {
    did(&database, created("Ada", 1)).await;
    let outcome = did(&database, updated("Augusta", 1)).await;
    assert_eq!(outcome, Outcome::Updated);
    let expected = ["user_1|ada@example.com|Augusta|-|1|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn an_older_update_is_stale(database: Database) {
    did(&database, created("Ada", 2)).await;
    let outcome = did(&database, updated("Augusta", 1)).await;
    assert_eq!(outcome, Outcome::Stale);
    let expected = ["user_1|ada@example.com|Ada|-|2|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn an_update_that_overtakes_its_creation_creates(database: Database) {
    let outcome = did(&database, updated("Augusta", 2)).await;
    assert_eq!(outcome, Outcome::Created);
    assert_eq!(did(&database, created("Ada", 1)).await, Outcome::Stale);
    let expected = ["user_1|ada@example.com|Augusta|-|2|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn a_deletion_leaves_a_tombstone_without_personal_data(database: Database) {
    did(&database, created("Ada", 1)).await;
    let gone = deleted(fixtures::user_deleted(), "user_1", 3);
    assert_eq!(did(&database, gone).await, Outcome::Deleted);
    assert_rows(&rows(&database, &USERS).await, &["user_1|-|-|-|3|3"]);
}

async fn a_late_update_cannot_resurrect(database: Database) {
    did(&database, created("Ada", 1)).await;
    did(&database, deleted(fixtures::user_deleted(), "user_1", 3)).await;
    for moment in [2, 3, 4] {
        let outcome = did(&database, updated("Augusta", moment)).await;
        assert_eq!(outcome, Outcome::Stale);
    }
    assert_eq!(did(&database, created("Ada", 1)).await, Outcome::Stale);
    assert_rows(&rows(&database, &USERS).await, &["user_1|-|-|-|3|3"]);
}

async fn a_deletion_of_an_unknown_id_inserts_its_tombstone(database: Database) {
    let gone = deleted(fixtures::user_deleted(), "user_1", 3);
    assert_eq!(did(&database, gone).await, Outcome::Deleted);
    assert_eq!(did(&database, created("Ada", 1)).await, Outcome::Stale);
    assert_rows(&rows(&database, &USERS).await, &["user_1|-|-|-|3|3"]);
}

async fn a_second_deletion_is_stale(database: Database) {
    did(&database, deleted(fixtures::user_deleted(), "user_1", 3)).await;
    let again = deleted(fixtures::user_deleted(), "user_1", 4);
    assert_eq!(did(&database, again).await, Outcome::Stale);
    assert_rows(&rows(&database, &USERS).await, &["user_1|-|-|-|3|3"]);
}

async fn a_deletion_without_a_time_happened_at_its_attempt(database: Database) {
    did(&database, created("Ada", 1)).await;
    let event = deliver(json!({ "type": "user.deleted", "data": { "id": "user_1" } }));
    assert_eq!(sync(&database, &event).await.unwrap(), Outcome::Deleted);
    let attempted_at = event.attempted_at().duration_since(UNIX_EPOCH).unwrap();
    let tombstone = format!("user_1|-|-|-|-|{}", attempted_at.as_millis());
    assert_eq!(rows(&database, &USERS).await, [tombstone]);
}

async fn a_deletion_wins_over_an_update_that_is_newer_by_the_clock(database: Database) {
    did(&database, created("Ada", 9)).await;
    let gone = deleted(fixtures::user_deleted(), "user_1", 3);
    assert_eq!(did(&database, gone).await, Outcome::Deleted);
    assert_rows(&rows(&database, &USERS).await, &["user_1|-|-|-|3|3"]);
}

async fn a_state_without_updated_at_counts_from_its_event(database: Database) {
    did(&database, created("Ada", 2)).await;
    let undated = |name, moment| updated(name, moment).with(|user| user.updated_at = None);
    let outcome = did(&database, undated("Augusta", 1)).await;
    assert_eq!(outcome, Outcome::Stale);
    let outcome = did(&database, undated("Augusta", 3)).await;
    assert_eq!(outcome, Outcome::Updated);
    let expected = ["user_1|ada@example.com|Augusta|-|3|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn a_state_without_any_time_fills_but_never_replaces_a_dated_one(database: Database) {
    let timeless =
        |name| json!({ "type": "user.updated", "data": { "id": "user_1", "first_name": name } });
    assert_eq!(did(&database, timeless("A")).await, Outcome::Created);
    assert_eq!(did(&database, timeless("B")).await, Outcome::Updated);
    assert_rows(&rows(&database, &USERS).await, &["user_1|-|B|-|-|-"]);
    assert_eq!(did(&database, updated("Ada", 1)).await, Outcome::Updated);
    assert_eq!(did(&database, timeless("C")).await, Outcome::Stale);
    let expected = ["user_1|ada@example.com|Ada|-|1|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn the_same_message_again_is_a_duplicate(database: Database) {
    let event = deliver(created("Ada", 1));
    assert_eq!(sync(&database, &event).await.unwrap(), Outcome::Created);
    assert_eq!(sync(&database, &event).await.unwrap(), Outcome::Duplicate);
    did(&database, updated("Augusta", 2)).await;
    assert_eq!(sync(&database, &event).await.unwrap(), Outcome::Duplicate);
    let expected = ["user_1|ada@example.com|Augusta|-|2|-"];
    assert_rows(&rows(&database, &USERS).await, &expected);
}

async fn organizations_follow_the_same_rules(database: Database) {
    let named = |organization: Fixture<_>, name: &str, moment| {
        organization
            .id("org_1")
            .at(at(moment))
            .with(|organization: &mut Organization| {
                organization.name = Some(name.to_owned());
                organization.slug = None;
            })
    };
    let first = named(fixtures::organization_created(), "Fjord", 1);
    let renamed = named(fixtures::organization_updated(), "Fjord Labs", 3);
    let overtaken = named(fixtures::organization_updated(), "Labs", 2);
    let gone = deleted(fixtures::organization_deleted(), "org_1", 5);
    let late = named(fixtures::organization_updated(), "Late", 4);

    assert_eq!(did(&database, first).await, Outcome::Created);
    assert_eq!(did(&database, renamed).await, Outcome::Updated);
    assert_eq!(did(&database, overtaken).await, Outcome::Stale);
    let expected = ["org_1|Fjord Labs|-|3|-"];
    assert_rows(&rows(&database, &ORGANIZATIONS).await, &expected);
    assert_eq!(did(&database, gone).await, Outcome::Deleted);
    assert_eq!(did(&database, late).await, Outcome::Stale);
    assert_rows(&rows(&database, &ORGANIZATIONS).await, &["org_1|-|-|5|5"]);
}

async fn memberships_follow_the_same_rules(database: Database) {
    let with = |membership: Fixture<_>, role: &str, moment| member(membership, role, moment);
    let joins = with(fixtures::organization_membership_created(), "member", 1);
    let rises = with(fixtures::organization_membership_updated(), "admin", 3);
    let overtaken = with(fixtures::organization_membership_updated(), "guest", 2);
    let leaves = with(fixtures::organization_membership_deleted(), "admin", 5);
    let late = with(fixtures::organization_membership_updated(), "late", 4);

    assert_eq!(did(&database, joins).await, Outcome::Created);
    assert_eq!(did(&database, rises).await, Outcome::Updated);
    assert_eq!(did(&database, overtaken).await, Outcome::Stale);
    let expected = ["orgmem_1|org_1|user_1|admin|3|-"];
    assert_rows(&rows(&database, &MEMBERSHIPS).await, &expected);
    assert_eq!(did(&database, leaves).await, Outcome::Deleted);
    assert_eq!(did(&database, late).await, Outcome::Stale);
    let expected = ["orgmem_1|org_1|user_1|admin|5|5"];
    assert_rows(&rows(&database, &MEMBERSHIPS).await, &expected);
}

async fn a_deleted_membership_keeps_its_ids_and_its_last_role(database: Database) {
    let leaves = member(fixtures::organization_membership_deleted(), "admin", 5);
    assert_eq!(did(&database, leaves).await, Outcome::Deleted);
    let late = member(fixtures::organization_membership_created(), "member", 1);
    assert_eq!(did(&database, late).await, Outcome::Stale);
    let expected = ["orgmem_1|org_1|user_1|admin|5|5"];
    assert_rows(&rows(&database, &MEMBERSHIPS).await, &expected);
}

fn member(
    membership: Fixture<OrganizationMembership>,
    role: &str,
    moment: i64,
) -> Fixture<OrganizationMembership> {
    let membership = membership.id("orgmem_1").at(at(moment));
    membership.organization("org_1").user("user_1").role(role)
}

async fn a_membership_may_arrive_before_its_user_and_organization(database: Database) {
    let joins = member(fixtures::organization_membership_created(), "member", 2);
    assert_eq!(did(&database, joins).await, Outcome::Created);
    assert_eq!(did(&database, created("Ada", 1)).await, Outcome::Created);
    assert_rows(&rows(&database, &ORGANIZATIONS).await, &[]);
}

async fn a_member_is_counted_once_however_often_its_message_arrives(database: Database) {
    let joins = deliver(member(
        fixtures::organization_membership_created(),
        "member",
        1,
    ));
    for _ in 0..3 {
        sync(&database, &joins).await.unwrap();
        assert_eq!(database.members("org_1").await.unwrap(), 1);
    }
    let rises = member(fixtures::organization_membership_updated(), "admin", 2);
    did(&database, rises).await;
    assert_eq!(database.members("org_1").await.unwrap(), 1);
    let leaves = member(fixtures::organization_membership_deleted(), "admin", 3);
    did(&database, leaves).await;
    assert_eq!(database.members("org_1").await.unwrap(), 0);
}

async fn other_events_are_ignored(database: Database) {
    let tables = ["user.", "organization.", "organizationMembership."];
    for (event_type, json) in fixtures::all() {
        let outcome = did(&database, serde_json::from_str::<Value>(&json).unwrap()).await;
        let has_a_table = tables
            .iter()
            .any(|kind| event_type.as_str().starts_with(kind));
        assert_eq!(outcome == Outcome::Ignored, !has_a_table, "{event_type}");
    }
}
