//! Whatever Clerk and its users may write.

use std::{
    env, fs,
    io::{self, Write as _},
    path::Path,
};

use clerk_webhooks::testing::fixtures;
use clerk_webhooks_mirror::{Change, Group, Mirror};
use serde_json::{Value, json};
use sqlx::Pool;

use crate::support::{TestEngine, apply, at, count, deliver, event, mirror, object, select, user};

const ALL: [Group; 6] = [
    Group::Users,
    Group::Organizations,
    Group::Roles,
    Group::Invitations,
    Group::Billing,
    Group::Sessions,
];

pub(crate) async fn every_fixture_applies<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await.with_groups(ALL);
    let events = fixtures::all()
        .into_iter()
        .map(|(_, json)| serde_json::from_str(&json).unwrap());
    every_event_applies(&mirror, &pool, events.collect()).await;
}

pub(crate) async fn every_published_example_applies<DB: TestEngine>(pool: Pool<DB>) {
    let Some(folder) = env::var_os("CLERK_WEBHOOKS_SHARED") else {
        // Not `eprintln!`, whose output a passing test swallows.
        let mut stderr = io::stderr();
        writeln!(stderr, "\nskipped: CLERK_WEBHOOKS_SHARED is not set").unwrap();
        return;
    };
    let examples = fs::read_dir(Path::new(&folder).join("clerk/examples")).unwrap();
    let read =
        |example: fs::DirEntry| serde_json::from_slice(&fs::read(example.path()).unwrap()).unwrap();
    let events: Vec<Value> = examples.map(|example| read(example.unwrap())).collect();
    assert_eq!(events.len(), 45);
    let mirror = mirror(&pool).await.with_groups(ALL);
    every_event_applies(&mirror, &pool, events).await;
}

/// First the deletions are left out, so that each table gets a row.
async fn every_event_applies<DB: TestEngine>(
    mirror: &Mirror<DB>,
    pool: &Pool<DB>,
    events: Vec<Value>,
) {
    let is_deletion = |event: &Value| event["type"].as_str().unwrap().ends_with(".deleted");
    let (deletions, others): (Vec<_>, Vec<_>) = events.into_iter().partition(is_deletion);
    for event in &others {
        assert_eq!(deliver(mirror, &event.to_string()).await, 204);
        let table = match event["type"].as_str().unwrap().split_once('.').unwrap().0 {
            "email" | "sms" => continue,
            "user" => "users",
            "organization" => "organizations",
            "organizationMembership" => "organization_memberships",
            "organizationInvitation" => "organization_invitations",
            "organizationDomain" => "organization_domains",
            "role" => "roles",
            "permission" => "permissions",
            "waitlistEntry" => "waitlist_entries",
            "subscription" => "subscriptions",
            "subscriptionItem" => "subscription_items",
            "paymentAttempt" => "payment_attempts",
            "session" => "sessions",
            other => panic!("{other} has no table"),
        };
        let id = event["data"]["id"].as_str().unwrap();
        let stored = object(pool, table, id).await;
        assert_eq!(stored["id"], event["data"]["id"]);
    }
    for event in &deletions {
        assert_eq!(deliver(mirror, &event.to_string()).await, 204);
    }
    for table in [
        "users",
        "organizations",
        "organization_memberships",
        "organization_domains",
        "roles",
    ] {
        assert_eq!(count(pool, table).await, 0, "{table} after the deletions");
    }
}

/// Each of them would make Postgres, SQLite or `serde_json` fail, or the row's index.
pub(crate) async fn what_cannot_be_stored_is_replaced<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let long = "x".repeat(100_000);
    let deep = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    let large = format!(r#"{{"text":"{}"}}"#, "y".repeat(64 * 1024));
    let fields = [
        ("first_name", r#""a\u0000b\ud83d""#.to_owned()),
        ("last_name", format!(r#""{long}""#)),
        ("external_id", format!(r#""{long}""#)),
        ("username", "7".to_owned()),
        ("image_url", "null".to_owned()),
        ("banned", r#""no""#.to_owned()),
        ("created_at", "9223372036854775807".to_owned()),
        ("last_sign_in_at", "-62135596800001".to_owned()),
        ("last_active_at", r#""yesterday""#.to_owned()),
        ("legal_accepted_at", "1e999".to_owned()),
        ("public_metadata", large.clone()),
        ("unsafe_metadata", format!(r#"{{"deep":{deep}}}"#)),
        ("email_addresses", r#"{"not":"a list"}"#.to_owned()),
        ("phone_numbers", r#"[7,null,{"id":7}]"#.to_owned()),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, json)| format!(r#""{name}":{json}"#))
        .collect();
    let body = |id: &str, updated_at: &str| {
        let fields = fields.join(",");
        format!(
            r#"{{"type":"user.updated","timestamp":9223372036854775807,
            "data":{{"id":"{id}","updated_at":{updated_at},{fields}}}}}"#
        )
    };
    assert_eq!(
        deliver(&mirror, &body("user_1", "1700000000001")).await,
        204
    );
    let stored = object(&pool, "users", "user_1").await;
    assert_eq!(stored["last_name"], long.as_str());
    assert_eq!(
        stored["public_metadata"],
        serde_json::from_str::<Value>(&large).unwrap()
    );
    assert_eq!(stored["created_at"], i64::MAX);
    let columns = "select first_name, external_id, username, banned, cast(created_at as text),
        cast(last_sign_in_at as text), cast(last_active_at as text), cast(legal_accepted_at as text) from clerk.users";
    let columns = columns.replace("banned", "cast(banned as text)");
    let expected = "a\u{fffd}b\u{fffd}|null|null|null|null|null|null|null";
    assert_eq!(select(&pool, &columns).await, [expected]);

    // With serde_json's feature `raw_value`, which a program may have, its `Value` obeys this key.
    let obeyed = r#"{"type":"user.created","timestamp":1,"data":{"id":"user_3","updated_at":1,
        "unsafe_metadata":{"$serde_json::private::RawValue":"{"}}}"#;
    assert_eq!(deliver(&mirror, obeyed).await, 204);
    let keys = "select id from clerk.users where cast(object as text) like '%private::RawValue%'";
    assert_eq!(select(&pool, keys).await, ["user_3"]);

    // An `updated_at` beyond every clock would win for ever: it counts as missing.
    assert_eq!(
        deliver(&mirror, &body("user_2", "9223372036854775807")).await,
        204
    );
    let named = event("user.updated", at(1), user("user_2", "Ada", 1));
    assert!(matches!(
        apply(&mirror, &pool, "msg_1", &named).await,
        Change::Updated { .. }
    ));
}

pub(crate) async fn other_shapes_are_read_too<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let mut google = user("user_1", "Ada", 1);
    google["external_accounts"] = json!([{
        "object": "google_account", "id": "idn_1", "google_id": "42", "given_name": "Ada", "picture": "",
    }]);
    google["updated_at"] = json!(1_700_000_000_001.0);
    apply(
        &mirror,
        &pool,
        "msg_1",
        &event("user.created", at(1), google),
    )
    .await;
    let accounts = "select provider_user_id, first_name, image_url from clerk.external_accounts";
    assert_eq!(select(&pool, accounts).await, ["42|Ada|"]);
    let domain = json!({
        "id": "orgdmn_1", "organization_id": "org_1", "name": "example.com",
        "affiliation_verification": { "status": "verified" },
    });
    apply(
        &mirror,
        &pool,
        "msg_2",
        &event("organizationDomain.created", at(1), domain),
    )
    .await;
    let domains = "select name, verification_status from clerk.organization_domains";
    assert_eq!(select(&pool, domains).await, ["example.com|verified"]);
}

pub(crate) async fn events_without_a_usable_object_are_ignored<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let too_long = "u".repeat(256);
    for id in [json!(null), json!(""), json!(7), json!(too_long)] {
        for event_type in ["user.updated", "user.deleted"] {
            let event = event(event_type, at(1), json!({ "id": id }));
            assert_eq!(
                apply(&mirror, &pool, "msg_1", &event).await,
                Change::Ignored
            );
            assert_eq!(deliver(&mirror, &event.to_string()).await, 204);
        }
    }
    assert_eq!(deliver(&mirror, "not an event").await, 422);
}

pub(crate) async fn unknown_events_and_fields_are_no_errors<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let unknown = event("user.renamed", at(1), user("user_1", "Ada", 1));
    assert_eq!(
        apply(&mirror, &pool, "msg_1", &unknown).await,
        Change::Ignored
    );
    let mut data = user("user_1", "Ada", 1);
    data["shoe_size"] = json!({ "eu": 42 });
    apply(
        &mirror,
        &pool,
        "msg_2",
        &event("user.created", at(1), data.clone()),
    )
    .await;
    assert_eq!(object(&pool, "users", "user_1").await, data);
}
