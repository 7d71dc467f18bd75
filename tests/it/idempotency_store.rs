//! The suite that every store must pass: the store in memory does, stores with a fault do not.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_webhooks::{
    idempotency::{
        Claim, ClaimToken, IdempotencyStore, MemoryStore, MessageKey, Outcome, StoreFull,
    },
    testing::idempotency_store,
};
use tokio::{task::yield_now, time::Instant};

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_holds_its_contract() {
    idempotency_store::check(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_store_holds_it_too() {
    idempotency_store::check(Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn a_faulty_store_without_a_fault_holds_it_too() {
    idempotency_store::check(Faulty::default()).await;
}

#[tokio::test]
async fn a_lease_that_is_rounded_down_to_nothing_is_found() {
    let store = Faulty {
        lease: whole_seconds,
        ..Faulty::default()
    };
    fails_in(store, "a_lease_of_part_of_a_second_lasts").await;
}

#[tokio::test]
async fn a_retention_that_is_rounded_down_to_nothing_is_found() {
    let store = Faulty {
        retention: whole_seconds,
        ..Faulty::default()
    };
    fails_in(store, "a_retention_of_part_of_a_second_lasts").await;
}

#[tokio::test]
async fn a_takeover_that_is_not_atomic_is_found() {
    let store = Faulty {
        takes_over_in_two_steps: true,
        ..Faulty::default()
    };
    fails_in(store, "of_many_claims_after_a_lease_one_wins").await;
}

#[tokio::test]
async fn a_repeated_claim_that_is_taken_for_anothers_is_found() {
    let store = Faulty {
        tells_no_token_from_another: true,
        ..Faulty::default()
    };
    fails_in(store, "a_claim_can_be_repeated_under_its_token").await;
}

#[tokio::test]
async fn a_permanent_failure_that_is_kept_as_a_success_is_found() {
    let store = Faulty {
        outcome: |_| Outcome::Succeeded,
        ..Faulty::default()
    };
    fails_in(store, "a_permanent_failure_is_told_from_a_success").await;
}

async fn fails_in<S: IdempotencyStore>(store: S, case: &str) {
    let failed = tokio::spawn(idempotency_store::check(store)).await;
    let panic = failed.unwrap_err().into_panic();
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains(case), "{message}");
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

/// A store in memory with faults to turn on.
struct Faulty {
    memory: MemoryStore,
    lease: fn(Duration) -> Duration,
    retention: fn(Duration) -> Duration,
    outcome: fn(Outcome) -> Outcome,
    /// Every claim of a message that is held, the holder's too, is another's.
    tells_no_token_from_another: bool,
    /// It looks whether a lease is over, and then grants the claim whatever happened in between.
    takes_over_in_two_steps: bool,
    ends: Mutex<HashMap<MessageKey, Instant>>,
}

impl Default for Faulty {
    fn default() -> Self {
        Self {
            memory: MemoryStore::new(),
            lease: |lease| lease,
            retention: |retention| retention,
            outcome: |outcome| outcome,
            tells_no_token_from_another: false,
            takes_over_in_two_steps: false,
            ends: Mutex::default(),
        }
    }
}

impl Faulty {
    fn is_over(&self, key: &MessageKey) -> bool {
        let ends = self.ends.lock().unwrap();
        ends.get(key).is_some_and(|end| *end <= Instant::now())
    }

    fn note_end(&self, key: &MessageKey, lease: Duration) {
        let end = Instant::now().checked_add(lease);
        let mut ends = self.ends.lock().unwrap();
        match end {
            Some(end) => ends.insert(key.clone(), end),
            None => ends.remove(key),
        };
    }
}

impl IdempotencyStore for Faulty {
    type Error = StoreFull;

    async fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<Claim, StoreFull> {
        let lease = (self.lease)(lease);
        if self.takes_over_in_two_steps && self.is_over(key) {
            yield_now().await;
            let outcome = Outcome::Succeeded;
            self.memory.complete(key, outcome, Duration::ZERO).await?;
        }
        if self.tells_no_token_from_another && self.memory.extend(key, token, lease).await? {
            return Ok(Claim::InProgress);
        }
        let claim = self.memory.claim(key, token, lease).await?;
        if claim == Claim::Claimed {
            self.note_end(key, lease);
        }
        Ok(claim)
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, StoreFull> {
        let is_extended = self.memory.extend(key, token, lease).await?;
        if is_extended {
            self.note_end(key, lease);
        }
        Ok(is_extended)
    }

    async fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> Result<(), StoreFull> {
        self.ends.lock().unwrap().remove(key);
        let (outcome, retention) = ((self.outcome)(outcome), (self.retention)(retention));
        self.memory.complete(key, outcome, retention).await
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, StoreFull> {
        self.memory.release(key, token).await
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, StoreFull> {
        self.memory.forget(key).await
    }
}
