//! Delivers events without a network, many at a time.

use std::sync::Arc;

use clerk_webhooks::{RawClerkEvent, VerifiedClerkEvent, testing::Delivery};
use clerk_webhooks_mirror::{Change, Mirror};
use clerk_webhooks_testbed::model::Event;
use http::Request;
use sqlx::Pool;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::tables::{Tables, users};

const AT_ONCE: usize = 8;

/// Delivers every event: half of them to the service, then the others in transactions of the user's. Returns how many
/// users there must be, by what the latter say that they changed.
pub(crate) async fn all<DB: Tables>(mirror: &Mirror<DB>, pool: &Pool<DB>, events: &[Event]) -> i64 {
    let (to_service, to_apply) = events.split_at(events.len() / 2);
    at_once(to_service, {
        let mirror = mirror.clone();
        move |event| serve(mirror.clone(), event)
    })
    .await;
    let before = users(pool).await;
    let changes = at_once(to_apply, {
        let (mirror, pool) = (mirror.clone(), pool.clone());
        move |event| apply(mirror.clone(), pool.clone(), event)
    });
    before + changes.await.into_iter().sum::<i64>()
}

async fn at_once<F, T>(
    events: &[Event],
    deliver: impl Fn(Event) -> F + Send + Sync + 'static,
) -> Vec<T>
where
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let deliver = Arc::new(deliver);
    let mut senders = JoinSet::new();
    for sender in 0..AT_ONCE {
        let events: Vec<_> = events
            .iter()
            .skip(sender)
            .step_by(AT_ONCE)
            .cloned()
            .collect();
        let deliver = Arc::clone(&deliver);
        senders.spawn(async move {
            let mut results = Vec::new();
            for event in events {
                results.push(deliver(event).await);
            }
            results
        });
    }
    senders.join_all().await.into_iter().flatten().collect()
}

async fn serve<DB: Tables>(mirror: Mirror<DB>, event: Event) {
    let mut request = Request::new(());
    request
        .extensions_mut()
        .insert(verified(&event).delivery().clone());
    let response = mirror.service().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 204);
}

/// One more user, one less, or as many.
async fn apply<DB: Tables>(mirror: Mirror<DB>, pool: Pool<DB>, event: Event) -> i64 {
    let mut transaction = pool.begin_with(DB::BEGIN).await.unwrap();
    let change = mirror
        .apply(&mut transaction, &verified(&event))
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let is_user = event.body["type"].as_str().unwrap().starts_with("user.");
    match change {
        Change::Inserted if is_user => 1,
        Change::Deleted if is_user => -1,
        _ => 0,
    }
}

fn verified(event: &Event) -> VerifiedClerkEvent<RawClerkEvent> {
    Delivery::of(&event.body)
        .with_message_id(&event.message_id)
        .event()
}
