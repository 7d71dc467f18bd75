//! Backfill.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use clerk_webhooks_mirror::{Group, backfill::Progress};
use clerk_webhooks_testbed::clerk_api::Faults;
use serde_json::{Value, json};
use sqlx::Pool;
use tokio::time::{sleep, timeout};

use crate::{
    database::{Database, mirror},
    world::{World, rows},
};

/// The property: with pages and webhooks at the same time, a fifth of the requests answered 429, some 500 or cut.
pub(crate) async fn equals_clerk_while_webhooks_arrive<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.has_ties = true;
    world.populate(1_500);
    world.clerk.fail(Faults {
        rate_limited: 0.2,
        unavailable: 0.05,
        cut: 0.05,
        ..Faults::default()
    });
    world.clerk.delay(Duration::from_millis(3));
    let (mirror, api) = (mirror(&pool).await, world.api());
    let is_over = AtomicBool::new(false);
    let backfill = async {
        mirror.backfill(&api).await.unwrap();
        is_over.store(true, Ordering::Relaxed);
    };
    let webhooks = async {
        let mut meanwhile = 0;
        while !is_over.load(Ordering::Relaxed) {
            (0..4).for_each(|_| world.step());
            world.deliver(&mirror, &pool, 3).await;
            meanwhile += 3;
            sleep(Duration::from_millis(2)).await;
        }
        meanwhile
    };
    let ((), meanwhile) = tokio::join!(backfill, webhooks);
    assert!(
        meanwhile > 100,
        "only {meanwhile} webhooks during the backfill"
    );
    world.deliver(&mirror, &pool, usize::MAX).await;
    world.assert_equal(&pool).await;
    let seen = world.clerk.seen();
    assert!(
        seen.iter().any(|seen| seen.status == 429) && seen.iter().any(|seen| seen.status == 500)
    );
}

/// Dropping the future is what a kill does to the process: the page's transaction is rolled back.
pub(crate) async fn goes_on_where_it_was_aborted<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(1_500);
    world.clerk.delay(Duration::from_millis(2));
    let (mirror, api) = (mirror(&pool).await, world.api());
    let mut aborted = 0;
    let most = AtomicU64::new(0);
    loop {
        let backfill = mirror.backfill(&api).with_progress(|progress| {
            if progress.table == "users" {
                let before = most.swap(progress.done, Ordering::Relaxed);
                assert!(progress.done > before, "{progress:?} after {before}");
            } else if progress.table == "subscription_items" {
                // The last list: it may be aborted after it has finished, and then begins anew.
                most.store(0, Ordering::Relaxed);
            }
        });
        // Longer each time: a busy machine gets on too.
        let patience = Duration::from_millis(20 + 5 * aborted);
        match timeout(patience, backfill.into_future()).await {
            Ok(ended) => break ended.unwrap(),
            Err(_) => aborted += 1,
        }
    }
    assert!(aborted >= 2, "aborted {aborted} times only");
    world.assert_equal(&pool).await;
    // A finished backfill begins anew.
    let before = world.clerk.seen().len();
    mirror.backfill(&api).await.unwrap();
    let again = world.clerk.seen().split_off(before);
    assert!(again.iter().any(
        |seen| seen.target.starts_with("/v1/users?") && !seen.target.contains("starting_after")
    ));
}

/// Before each page, objects that were read already are deleted. By offset, the others move to the front; by cursor, the
/// cursor is gone.
pub(crate) async fn skips_nothing_while_objects_go<DB: Database>(pool: Pool<DB>) {
    let world = World::new().await;
    for list in ["users", "organizations"] {
        for number in 0..400 {
            let object = json!({"id": format!("{list}_{number:03}"), "created_at": number, "updated_at": number});
            world.clerk.change(|state| state.put(list, object));
        }
    }
    world.clerk.before_each_answer(|state, number, target| {
        if let (0 | 1, Some((_, cursor))) = (number % 3, target.split_once("starting_after=")) {
            let cursor = cursor.split('&').next().unwrap();
            state.remove("users", cursor);
        }
        if target.starts_with("/v1/organizations?") {
            // Now and then more than a page overlaps.
            let oldest = state
                .objects("organizations")
                .take(if number % 4 == 0 { 15 } else { 3 });
            let oldest: Vec<_> = oldest
                .map(|object| object["id"].as_str().unwrap().to_owned())
                .collect();
            oldest
                .iter()
                .for_each(|id| drop(state.remove("organizations", id)));
        }
    });
    let (mirror, api) = (mirror(&pool).await, world.api());
    mirror.backfill(&api).await.unwrap();
    for list in ["users", "organizations"] {
        let found = rows::<DB>(&pool, list, "id", "id").await;
        world.clerk.change(|state| {
            let left: Vec<_> = state
                .objects(list)
                .filter_map(|object| object["id"].as_str())
                .collect();
            assert!((50..396).contains(&left.len()), "{list}: {}", left.len());
            let skipped = left
                .iter()
                .find(|id| !found.iter().any(|(found, _)| found == **id));
            assert_eq!(skipped, None, "{list}");
        });
    }
}

/// An item of the API, and the subscription that it belongs to.
pub(crate) fn subscription(number: u64, payer: &Value) -> (Value, Value) {
    let item = json!({
        "id": format!("csub_item_{number}"),
        "status": "active",
        "payer": payer,
        "lifetime_paid": {"amount": 1},
        "created_at": number,
        "updated_at": number,
    });
    let subscription = json!({
        "id": format!("csub_{number}"),
        "status": "active",
        "payer_id": payer["id"],
        "subscription_items": [item],
        "created_at": number,
        "updated_at": number,
    });
    (item, subscription)
}

pub(crate) async fn reads_subscriptions_of_payers<DB: Database>(pool: Pool<DB>) {
    let world = World::new().await;
    for number in 1..=50 {
        let payer = match number % 2 {
            0 => {
                json!({"id": format!("cpayer_{number}"), "user_id": format!("user_{number}"), "organization_id": ""})
            }
            _ => {
                json!({"id": format!("cpayer_{number}"), "organization_id": format!("org_{number}")})
            }
        };
        let (item, subscription) = subscription(number, &payer);
        world.clerk.change(|state| {
            state.put("billing/subscription_items", item);
            state.put("subscriptions", subscription);
        });
    }
    let (mirror, api) = (mirror(&pool).await, world.api());
    mirror.backfill(&api).await.unwrap();
    let payers = "coalesce(user_id, organization_id)";
    let mut of_subscriptions = rows::<DB>(&pool, "subscriptions", "id", payers).await;
    of_subscriptions.sort();
    assert_eq!(of_subscriptions.len(), 50);
    assert_eq!(
        of_subscriptions[0],
        ("csub_1".to_owned(), "org_1".to_owned())
    );
    assert!(of_subscriptions.contains(&("csub_2".to_owned(), "user_2".to_owned())));
    let items = rows::<DB>(&pool, "subscription_items", "id", "subscription_id").await;
    assert_eq!(items.len(), 50);
    assert!(items.contains(&("csub_item_7".to_owned(), "csub_7".to_owned())));
}

pub(crate) async fn leaves_out_what_is_not_kept<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(200);
    let mirror = mirror(&pool)
        .await
        .as_ref()
        .clone()
        .with_groups([Group::Users]);
    let mut last: Option<Progress> = None;
    mirror
        .backfill(&world.api())
        .with_progress(|progress| last = Some(progress))
        .await
        .unwrap();
    let last = last.unwrap();
    let users = world.count("users") as u64;
    assert_eq!(
        (last.table, last.done, last.total),
        ("users", users, Some(users))
    );
    assert!(last.is_complete);
    let seen = world.clerk.seen();
    assert!(
        seen.iter().all(|seen| seen.target.starts_with("/v1/users")),
        "{seen:?}"
    );
}
