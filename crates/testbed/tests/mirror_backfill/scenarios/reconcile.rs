//! Reconcile.

use clerk_webhooks_mirror::{
    Mirror, api::ApiErrorKind, backfill::BackfillError, reconcile::Report,
};
use clerk_webhooks_testbed::clerk_api::{Canned, Faults};
use serde_json::json;
use sqlx::Pool;

use super::backfill::subscription;
use crate::{
    database::{Database, mirror},
    support::report,
    world::{World, rows},
};

/// What the tables hold.
async fn dump<DB: Database>(pool: &Pool<DB>) -> Vec<Vec<(String, String)>> {
    let mut tables = Vec::new();
    for table in [
        "users",
        "organizations",
        "organization_memberships",
        "organization_domains",
        "mirror_tombstones",
    ] {
        let mut rows = rows::<DB>(pool, table, "id", "version_at").await;
        rows.sort();
        tables.push(rows);
    }
    tables
}

fn sum(report: &Report) -> [u64; 4] {
    let tables = report.tables.iter();
    let counts = tables.map(|table| [table.missing, table.stale, table.extra, table.unconfirmed]);
    counts.fold([0; 4], |sum, counts| {
        [0, 1, 2, 3].map(|at| sum[at] + counts[at])
    })
}

/// The property: a third of the webhooks is lost, and a reconcile makes the tables equal again.
pub(crate) async fn finds_and_fixes_what_lost_webhooks_left<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(800);
    let (mirror, api) = (mirror(&pool).await, world.api());
    mirror.backfill(&api).await.unwrap();
    (0..800).for_each(|_| world.step());
    let lost = world.lose(0.3);
    world.deliver(&mirror, &pool, usize::MAX).await;
    world.clerk.fail(Faults {
        rate_limited: 0.1,
        ..Faults::default()
    });

    let before = dump(&pool).await;
    let mut differences = 0;
    let counting = mirror
        .reconcile(&api)
        .with_differences(|_| differences += 1);
    let found = counting.await.unwrap();
    let counts = sum(&found);
    report(format!(
        "{lost} events lost; missing, stale, extra, unconfirmed: {counts:?}"
    ));
    assert!(counts[..3].iter().all(|count| *count > 0), "{found:?}");
    assert!(!found.is_equal());
    assert_eq!(counts.iter().sum::<u64>(), differences);
    assert_eq!(dump(&pool).await, before, "it wrote without fix()");

    let fixed = mirror.reconcile(&api).fix().await.unwrap();
    // What an extra user or organization takes along is no difference of its own.
    assert_eq!(sum(&fixed)[..2], counts[..2]);
    assert!(
        (1..=counts[2]).contains(&sum(&fixed)[2]) && fixed.unconfirmed() == 0,
        "{fixed:?}"
    );
    world.assert_equal(&pool).await;
    assert!(mirror.reconcile(&api).await.unwrap().is_equal());
    let users = found
        .tables
        .iter()
        .find(|table| table.table == "users")
        .unwrap();
    assert_eq!(users.objects, world.count("users") as u64);
}

/// A user that a shifting page left out exists: its own look-up says so.
pub(crate) async fn deletes_nothing_that_a_look_up_finds<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(300);
    let (mirror, api) = (mirror(&pool).await, world.api());
    mirror.backfill(&api).await.unwrap();
    let hidden = world
        .clerk
        .change(|state| state.objects("users").nth(5).cloned())
        .unwrap();
    let id = hidden["id"].as_str().unwrap().to_owned();
    // It is there, but in no list.
    let lists_end = world.clerk.seen().len() + world.count("users").div_ceil(20);
    world.clerk.before_each_answer(move |state, number, _| {
        if number < lists_end {
            state.remove("users", &id);
        } else {
            state.put("users", hidden.clone());
        }
    });
    let fixed = mirror.reconcile(&api).fix().await.unwrap();
    assert!(fixed.is_equal(), "{fixed:?}");
    world.assert_equal(&pool).await;
    let looked_up = |target: &str| target.starts_with("/v1/users/") && !target.contains("count");
    assert!(
        world
            .clerk
            .seen()
            .iter()
            .any(|seen| looked_up(&seen.target)),
        "nothing was looked up"
    );
}

/// A 404 that is not in Clerk's form says nothing about an object.
pub(crate) async fn deletes_nothing_on_a_proxys_word<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(100);
    let (mirror, api) = (mirror(&pool).await, world.api());
    mirror.backfill(&api).await.unwrap();
    for status in [404, 403, 200, 302, 410] {
        world
            .clerk
            .answer(Some(Canned::LOGIN_PAGE.with_status(status)));
        is_not_clerk(&mirror, &api).await;
    }
    world.clerk.answer(None);
    world.assert_equal(&pool).await;

    // The lists come from Clerk, the look-up from a proxy: with another path, the fake answers a page.
    world.clerk.change(|state| {
        let id = state.objects("users").next().unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        state.remove("users", &id)
    });
    let before = dump(&pool).await;
    let (lists, clerk) = (world.count("users").div_ceil(20), &world.clerk);
    clerk.answer_from(
        clerk.seen().len() + lists,
        Canned::LOGIN_PAGE.with_status(404),
    );
    is_not_clerk(&mirror, &api).await;
    assert_eq!(dump(&pool).await, before);
}

async fn is_not_clerk<DB: Database>(
    mirror: &Mirror<DB>,
    api: &clerk_webhooks_mirror::api::ClerkApi,
) {
    match mirror.reconcile(api).fix().await {
        Err(BackfillError::Api(error)) => {
            assert_eq!(error.kind(), ApiErrorKind::NotClerk, "{error}");
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn deletes_nothing_with_the_key_of_another_instance<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(300);
    let mirror = mirror(&pool).await;
    mirror.backfill(&world.api()).await.unwrap();
    let other = World::new().await;
    let object = json!({"id": "user_of_another", "created_at": 1, "updated_at": 1});
    other.clerk.change(|state| state.put("users", object));
    let found = mirror.reconcile(&other.api()).await.unwrap();
    let [missing, _, extra, unconfirmed] = sum(&found);
    assert_eq!((missing, extra), (1, 0));
    assert!(unconfirmed > 50, "{found:?}");
    let before = dump(&pool).await;
    let empty = World::new().await;
    let found = mirror.reconcile(&empty.api()).fix().await.unwrap();
    assert_eq!(found.unconfirmed(), unconfirmed);
    assert_eq!(dump(&pool).await, before);
}

pub(crate) async fn only_reports_what_cannot_be_looked_up<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(100);
    let role = json!({"id": "role_gone", "created_at": 1, "updated_at": 1});
    world
        .clerk
        .change(|state| state.put("organization_roles", role));
    let (mirror, api) = (mirror(&pool).await, world.api());
    mirror.backfill(&api).await.unwrap();
    world
        .clerk
        .change(|state| state.remove("organization_roles", "role_gone"))
        .unwrap();
    let mut found = Vec::new();
    let reconcile = mirror.reconcile(&api).fix().with_differences(|difference| {
        found.push(format!(
            "{} {} {}",
            difference.table,
            difference.id,
            difference.kind.as_str()
        ));
    });
    assert_eq!(reconcile.await.unwrap().unconfirmed(), 1);
    assert_eq!(found, ["roles role_gone unconfirmed"]);
    let roles = rows::<DB>(&pool, "roles", "id", "id").await;
    assert!(roles.iter().any(|(id, _)| id == "role_gone"));
}

pub(crate) async fn fixes_subscriptions<DB: Database>(pool: Pool<DB>) {
    let world = World::new().await;
    let payer = |number: u64| json!({"id": format!("cpayer_{number}"), "user_id": format!("user_{number}")});
    for number in 1..=30 {
        let (item, subscription) = subscription(number, &payer(number));
        world.clerk.change(|state| {
            state.put("billing/subscription_items", item);
            state.put("subscriptions", subscription);
        });
    }
    let (mirror, api) = (mirror(&pool).await, world.api());
    mirror.backfill(&api).await.unwrap();
    // One is gone with its item, one is newer, one is new.
    world.clerk.change(|state| {
        state.remove("billing/subscription_items", "csub_item_1");
        state.remove("subscriptions", "csub_1");
        let (item, mut newer) = subscription(2, &payer(2));
        newer["updated_at"] = 99.into();
        newer["status"] = "canceled".into();
        state.put("billing/subscription_items", item);
        state.put("subscriptions", newer);
        let (item, subscription) = subscription(31, &payer(31));
        state.put("billing/subscription_items", item);
        state.put("subscriptions", subscription);
    });
    let fixed = mirror.reconcile(&api).fix().await.unwrap();
    let of = |table| {
        fixed
            .tables
            .iter()
            .find(|found| found.table == table)
            .unwrap()
    };
    let subscriptions = of("subscriptions");
    assert_eq!(
        (
            subscriptions.missing,
            subscriptions.stale,
            subscriptions.extra
        ),
        (1, 1, 1)
    );
    // Nothing confirms that an item is gone.
    assert_eq!(of("subscription_items").unconfirmed, 1);
    let rows = rows::<DB>(&pool, "subscriptions", "id", "status").await;
    assert_eq!(rows.len(), 30);
    assert!(rows.contains(&("csub_2".to_owned(), "canceled".to_owned())));
}
