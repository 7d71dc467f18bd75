//! Beyond the contract that `clerk_webhooks::testing::idempotency_store` checks.

use std::{
    fmt::{Debug, Display},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use tokio::task::JoinSet;

use crate::support::{LONG, new_key};

pub(crate) const SUCCEEDED: Claim = Claim::Completed(Outcome::Succeeded);

/// What a claim under a token of its own gives.
pub(crate) async fn seen<S: IdempotencyStore>(store: &S, key: &MessageKey) -> Claim
where
    S::Error: Debug,
{
    let claim = store.claim(key, ClaimToken::random(), LONG).await;
    claim.unwrap()
}

pub(crate) async fn claimed<S: IdempotencyStore>(
    store: &S,
    key: &MessageKey,
    lease: Duration,
) -> ClaimToken
where
    S::Error: Debug,
{
    let token = ClaimToken::random();
    let claim = store.claim(key, token, lease).await.unwrap();
    assert_eq!(claim, Claim::Claimed, "the message must be claimable");
    token
}

pub(crate) async fn completed<S: IdempotencyStore>(store: &S, key: &MessageKey, retention: Duration)
where
    S::Error: Debug,
{
    let completed = store.complete(key, Outcome::Succeeded, retention).await;
    completed.unwrap();
}

pub(crate) async fn what_one_pool_does_the_other_sees<S: IdempotencyStore>([one, other]: [S; 2])
where
    S::Error: Debug,
{
    let key = new_key();
    let claim = claimed(&one, &key, LONG).await;
    let found = seen(&other, &key).await;
    assert_eq!(found, Claim::InProgress);
    assert!(other.extend(&key, claim, LONG).await.unwrap());
    completed(&other, &key, LONG).await;
    let found = seen(&one, &key).await;
    assert_eq!(found, SUCCEEDED);
    assert!(one.forget(&key).await.unwrap());
    claimed(&other, &key, LONG).await;
}

/// Rounds of claims by all at once, each of which ends in a release, until one holder completes.
pub(crate) async fn never_do_two_hold_a_message_at_once<S: IdempotencyStore + Clone>(stores: [S; 2])
where
    S::Error: Debug,
{
    const TASKS: usize = 16;
    const RUNS: u32 = 40;
    let (key, runs) = (new_key(), Arc::new(AtomicU32::new(0)));
    let is_held = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for store in stores.into_iter().cycle().take(TASKS) {
        let (key, runs, is_held) = (key.clone(), Arc::clone(&runs), Arc::clone(&is_held));
        tasks.spawn(async move {
            loop {
                let token = ClaimToken::random();
                match store.claim(&key, token, LONG).await.unwrap() {
                    Claim::InProgress => {}
                    Claim::Completed(_) => {
                        assert_eq!(runs.load(SeqCst), RUNS, "completed before anyone said so");
                        return;
                    }
                    Claim::Claimed => {
                        assert!(!is_held.swap(true, SeqCst), "two hold the message");
                        let run = runs.fetch_add(1, SeqCst) + 1;
                        is_held.store(false, SeqCst);
                        if run == RUNS {
                            completed(&store, &key, LONG).await;
                        } else {
                            assert!(store.release(&key, token).await.unwrap());
                        }
                    }
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert_eq!(runs.load(SeqCst), RUNS);
}

pub(crate) async fn of_32_claims_at_once_one_wins<S: IdempotencyStore + Clone>(stores: [S; 2])
where
    S::Error: Debug,
{
    let key = new_key();
    let mut claims = JoinSet::new();
    for store in stores.into_iter().cycle().take(32) {
        let key = key.clone();
        claims.spawn(async move { seen(&store, &key).await });
    }
    let claims = claims.join_all().await;
    let losers = claims.iter().filter(|&&claim| claim == Claim::InProgress);
    assert_eq!(losers.count(), 31, "{claims:?}");
}

pub(crate) async fn a_long_scope_of_odd_characters_is_kept<S: IdempotencyStore>(store: S)
where
    S::Error: Debug,
{
    let odd = "users'; drop table clerk_idempotency; --\t\r\n\\ %_$1?1 :a \u{1f980}\u{202e}";
    let random: String = (0..110).map(|_| ClaimToken::random().to_string()).collect();
    let scope = format!("{odd}{random}");
    let id = "m".repeat(256);
    let key = MessageKey::new(scope.clone(), id.clone());
    let claim = claimed(&store, &key, LONG).await;
    let other = MessageKey::new(scope + " ", id);
    let other_claim = claimed(&store, &other, LONG).await;
    assert!(store.release(&key, claim).await.unwrap());
    assert!(store.release(&other, other_claim).await.unwrap());
}

/// Durations that no clock can add up are kept as long ones.
pub(crate) async fn the_longest_durations_are_kept<S: IdempotencyStore>(store: S)
where
    S::Error: Debug,
{
    let key = new_key();
    let claim = claimed(&store, &key, Duration::MAX).await;
    assert!(store.extend(&key, claim, Duration::MAX).await.unwrap());
    completed(&store, &key, Duration::MAX).await;
    let found = seen(&store, &key).await;
    assert_eq!(found, SUCCEEDED);
}

pub(crate) async fn each_operation_says<S: IdempotencyStore>(store: S, expected: &str)
where
    S::Error: Debug + Display,
{
    let (key, token) = (new_key(), ClaimToken::random());
    let errors = [
        (
            "claim a message",
            store.claim(&key, token, LONG).await.unwrap_err(),
        ),
        (
            "extend a claim",
            store.extend(&key, token, LONG).await.unwrap_err(),
        ),
        (
            "complete a message",
            store
                .complete(&key, Outcome::Succeeded, LONG)
                .await
                .unwrap_err(),
        ),
        (
            "release a claim",
            store.release(&key, token).await.unwrap_err(),
        ),
        ("forget a message", store.forget(&key).await.unwrap_err()),
    ];
    for (attempt, error) in errors {
        let text = error.to_string();
        assert!(text.contains(&format!(" cannot {attempt}: ")), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}
