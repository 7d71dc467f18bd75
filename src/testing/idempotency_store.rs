//! [`check`]: the tests that every [`IdempotencyStore`] must pass. Run them against your own store.
//!
//! ```
//! use clerk_webhooks::{idempotency::MemoryStore, testing::idempotency_store};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! idempotency_store::check(MemoryStore::new()).await;
//! # }
//! ```
//!
//! It uses its own keys, in scopes with random names. The rows that it leaves behind expire within a minute.
//! It takes about three seconds, most of them waiting for leases to expire.

use std::{pin::Pin, sync::Arc, time::Duration};

use crate::BoxError;
use tokio::time::{Instant, sleep};

use crate::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};

const SUCCEEDED: Claim = Claim::Completed(Outcome::Succeeded);
const FAILED: Claim = Claim::Completed(Outcome::PermanentlyFailed);
/// Does not expire during a test.
const LONG: Duration = Duration::from_secs(60);
/// Expires soon, even in a store that counts in whole seconds.
const SHORT: Duration = Duration::from_millis(100);
/// After this time [`SHORT`] has expired, whether or not the store rounds it up to a second.
const AFTER_SHORT: Duration = Duration::from_millis(2_200);
/// Zero, in a store that counts in whole seconds and does not round up.
const PART_OF_A_SECOND: Duration = Duration::from_millis(400);
/// How often to repeat a case that needs speed: a busy machine can be too slow.
const TRIES: usize = 20;
/// The longest wait for an expiry.
const PATIENCE: Duration = Duration::from_secs(10);

type Case = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs all cases against `store`, concurrently.
///
/// # Panics
///
/// When the store breaks its contract or returns an error. The message names the case.
pub async fn check<S: IdempotencyStore>(store: S) {
    let store = Arc::new(store);
    let mut cases = Vec::new();
    macro_rules! run {
        ($($case:ident)*) => {$(
            let bench = Bench::new(&store, stringify!($case));
            // Boxed: separate task types take longer to compile.
            let case: Case = Box::pin(async move { $case(&bench).await });
            cases.push(tokio::spawn(case));
        )*};
    }
    run! {
        a_claimed_message_is_in_progress_for_all_others
        of_many_claims_at_once_one_wins
        of_many_claims_after_a_lease_one_wins
        a_claim_can_be_repeated_under_its_token
        a_claim_cannot_be_repeated_after_its_end
        a_claim_may_come_after_its_release
        a_released_message_can_be_claimed_again
        a_completed_message_stays_completed
        a_message_completed_without_a_claim_is_completed
        a_permanent_failure_is_told_from_a_success
        the_last_outcome_counts
        an_outcome_ends_with_its_retention
        a_lease_that_ran_out_can_be_claimed
        a_lease_of_part_of_a_second_lasts
        an_extended_lease_lasts
        a_lease_that_ran_out_cannot_be_extended
        a_stale_holder_can_neither_extend_nor_release
        a_late_completion_counts
        a_completed_message_can_be_neither_extended_nor_released
        retention_ends
        a_retention_of_part_of_a_second_lasts
        a_forgotten_message_can_be_claimed_again
        what_is_in_progress_is_not_forgotten
        scopes_are_kept_apart
        whatever_a_scope_holds_keys_are_not_confused
        the_longest_ids_are_told_apart
        the_longest_durations_are_taken
        the_shortest_durations_are_taken
    };
    for case in cases {
        if let Err(failed) = case.await {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

async fn a_claimed_message_is_in_progress_for_all_others<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench.claim(&key, LONG).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect(&key, Claim::InProgress).await;
}

async fn of_many_claims_at_once_one_wins<S: IdempotencyStore>(bench: &Bench<S>) {
    for _ in 0..20 {
        bench.expect_one_winner(&bench.key()).await;
    }
}

async fn of_many_claims_after_a_lease_one_wins<S: IdempotencyStore>(bench: &Bench<S>) {
    let keys: Vec<_> = (0..20).map(|_| bench.key()).collect();
    for key in &keys {
        bench.claim(key, SHORT).await;
    }
    sleep(AFTER_SHORT).await;
    for key in &keys {
        bench.expect_one_winner(key).await;
    }
}

/// For example after the store's answer got lost.
async fn a_claim_can_be_repeated_under_its_token<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let token = bench.claim(&key, LONG).await;
    bench.expect_under(token, &key, Claim::Claimed).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect_extend(&key, token, LONG, true).await;
    bench.expect_under(token, &key, Claim::Claimed).await;
    bench.expect_release(&key, token, true).await;
    bench.claim(&key, LONG).await;
    bench.expect_under(token, &key, Claim::InProgress).await;
}

async fn a_claim_cannot_be_repeated_after_its_end<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let stale = bench.claim(&key, SHORT).await;
    let holder = bench.claim_when_over(&key).await;
    bench.expect_under(stale, &key, Claim::InProgress).await;
    bench.complete(&key, LONG).await;
    bench.expect_under(stale, &key, SUCCEEDED).await;
    bench.expect_under(holder, &key, SUCCEEDED).await;
}

/// A release that arrives before its claim changes nothing. Repeated after the claim, it ends the claim.
async fn a_claim_may_come_after_its_release<S: IdempotencyStore>(bench: &Bench<S>) {
    let (key, token) = (bench.key(), ClaimToken::random());
    bench.expect_release(&key, token, false).await;
    bench.expect_under(token, &key, Claim::Claimed).await;
    bench.expect_release(&key, token, true).await;
    bench.claim(&key, LONG).await;
}

async fn a_released_message_can_be_claimed_again<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let first = bench.claim(&key, LONG).await;
    bench.expect_release(&key, first, true).await;
    bench.expect_release(&key, first, false).await;
    bench.claim(&key, LONG).await;
    bench.expect_release(&key, first, false).await;
}

async fn a_completed_message_stays_completed<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench.claim(&key, LONG).await;
    bench.complete(&key, LONG).await;
    bench.expect(&key, SUCCEEDED).await;
    bench.complete(&key, LONG).await;
    bench.expect(&key, SUCCEEDED).await;
}

async fn a_message_completed_without_a_claim_is_completed<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench.complete(&key, LONG).await;
    bench.expect(&key, SUCCEEDED).await;
}

async fn a_permanent_failure_is_told_from_a_success<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let token = bench.claim(&key, LONG).await;
    bench
        .complete_as(Outcome::PermanentlyFailed, &key, LONG)
        .await;
    bench.expect(&key, FAILED).await;
    bench.expect_under(token, &key, FAILED).await;
    bench.expect_extend(&key, token, LONG, false).await;
    bench.expect_release(&key, token, false).await;
    bench.expect(&key, FAILED).await;
    bench.expect_forget(&key, true).await;
    bench.claim(&key, LONG).await;
}

async fn the_last_outcome_counts<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    for outcome in [Outcome::PermanentlyFailed, Outcome::Succeeded].repeat(2) {
        bench.complete_as(outcome, &key, LONG).await;
        bench.expect(&key, Claim::Completed(outcome)).await;
    }
}

async fn an_outcome_ends_with_its_retention<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench
        .complete_as(Outcome::PermanentlyFailed, &key, SHORT)
        .await;
    let holder = bench.claim_when_over(&key).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect_forget(&key, false).await;
    bench.expect_extend(&key, holder, LONG, true).await;
    bench.complete(&key, LONG).await;
    bench.expect(&key, SUCCEEDED).await;
}

async fn a_lease_that_ran_out_can_be_claimed<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench.claim(&key, SHORT).await;
    bench.claim_when_over(&key).await;
    bench.expect(&key, Claim::InProgress).await;
}

async fn a_lease_of_part_of_a_second_lasts<S: IdempotencyStore>(bench: &Bench<S>) {
    for _ in 0..TRIES {
        let (key, begun) = (bench.key(), Instant::now());
        bench.claim(&key, PART_OF_A_SECOND).await;
        let meanwhile = bench.try_claim(&key, LONG).await;
        if begun.elapsed() < PART_OF_A_SECOND {
            return bench.assert_given(meanwhile, Claim::InProgress);
        }
    }
}

async fn an_extended_lease_lasts<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let token = bench.claim(&key, AFTER_SHORT / 2).await;
    bench.expect_extend(&key, token, LONG, true).await;
    sleep(AFTER_SHORT).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect_extend(&key, token, LONG, true).await;
}

async fn a_lease_that_ran_out_cannot_be_extended<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let token = bench.claim(&key, SHORT).await;
    sleep(AFTER_SHORT).await;
    bench.expect_extend(&key, token, LONG, false).await;
    bench.claim(&key, LONG).await;
}

async fn a_stale_holder_can_neither_extend_nor_release<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let stale = bench.claim(&key, SHORT).await;
    let holder = bench.claim_when_over(&key).await;
    bench.expect_extend(&key, stale, LONG, false).await;
    bench.expect_release(&key, stale, false).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect_extend(&key, holder, LONG, true).await;
    bench.expect_release(&key, holder, true).await;
}

async fn a_late_completion_counts<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench.claim(&key, SHORT).await;
    let holder = bench.claim_when_over(&key).await;
    bench.complete(&key, LONG).await;
    bench.expect(&key, SUCCEEDED).await;
    bench.expect_extend(&key, holder, LONG, false).await;
    bench.expect_release(&key, holder, false).await;
    bench.expect(&key, SUCCEEDED).await;
}

async fn a_completed_message_can_be_neither_extended_nor_released<S: IdempotencyStore>(
    bench: &Bench<S>,
) {
    let key = bench.key();
    let token = bench.claim(&key, LONG).await;
    bench.complete(&key, LONG).await;
    bench.expect_extend(&key, token, LONG, false).await;
    bench.expect_release(&key, token, false).await;
    bench.expect(&key, SUCCEEDED).await;
}

async fn retention_ends<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench.claim(&key, LONG).await;
    bench.complete(&key, SHORT).await;
    bench.claim_when_over(&key).await;
}

async fn a_retention_of_part_of_a_second_lasts<S: IdempotencyStore>(bench: &Bench<S>) {
    for _ in 0..TRIES {
        let (key, begun) = (bench.key(), Instant::now());
        bench.complete(&key, PART_OF_A_SECOND).await;
        let meanwhile = bench.try_claim(&key, LONG).await;
        if begun.elapsed() < PART_OF_A_SECOND {
            return bench.assert_given(meanwhile, SUCCEEDED);
        }
    }
}

async fn a_forgotten_message_can_be_claimed_again<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    bench.expect_forget(&key, false).await;
    bench.claim(&key, LONG).await;
    bench.complete(&key, LONG).await;
    bench.expect_forget(&key, true).await;
    bench.expect_forget(&key, false).await;
    bench.claim(&key, LONG).await;
}

async fn what_is_in_progress_is_not_forgotten<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let token = bench.claim(&key, LONG).await;
    bench.expect_forget(&key, false).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect_extend(&key, token, LONG, true).await;
}

async fn scopes_are_kept_apart<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let other = MessageKey::new(format!("{}-other", key.scope()), key.message_id());
    let token = bench.claim(&key, LONG).await;
    bench.claim(&other, LONG).await;
    bench.expect_extend(&other, token, LONG, false).await;
    bench.expect_release(&other, token, false).await;
    bench.complete(&other, LONG).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect_forget(&other, true).await;
    bench.expect_release(&key, token, true).await;
}

async fn whatever_a_scope_holds_keys_are_not_confused<S: IdempotencyStore>(bench: &Bench<S>) {
    let scope = bench.key().scope().to_owned();
    let keys = [
        (format!("{scope}:a"), "b"),
        (scope.clone(), "a:b"),
        (format!("{scope}/a"), "b"),
        (scope.clone(), "a/b"),
        (format!("{scope} %_'\"\\?$1 ü\u{1f980}"), "b"),
        (scope.to_uppercase(), "b"),
        (scope.clone(), "B"),
        (scope.clone(), "b"),
        (scope, "'b"),
    ];
    for (scope, message_id) in keys {
        bench.claim(&MessageKey::new(scope, message_id), LONG).await;
    }
}

async fn the_longest_ids_are_told_apart<S: IdempotencyStore>(bench: &Bench<S>) {
    let scope = bench.key().scope().to_owned();
    for last in ["1", "2"] {
        let message_id = "m".repeat(255) + last;
        let key = MessageKey::new(scope.clone(), message_id);
        let token = bench.claim(&key, LONG).await;
        bench.expect_extend(&key, token, LONG, true).await;
        bench.expect_release(&key, token, true).await;
        bench.claim(&key, LONG).await;
        bench.complete(&key, LONG).await;
        bench.expect(&key, SUCCEEDED).await;
    }
}

async fn the_longest_durations_are_taken<S: IdempotencyStore>(bench: &Bench<S>) {
    let key = bench.key();
    let token = bench.claim(&key, Duration::MAX).await;
    bench.expect(&key, Claim::InProgress).await;
    bench.expect_extend(&key, token, Duration::MAX, true).await;
    bench.complete(&key, Duration::MAX).await;
    bench.expect(&key, SUCCEEDED).await;
    bench.expect_forget(&key, true).await;
}

/// The store decides whether such durations expire at once.
async fn the_shortest_durations_are_taken<S: IdempotencyStore>(bench: &Bench<S>) {
    let (key, shortest) = (bench.key(), Duration::from_nanos(1));
    let token = bench.claim(&key, shortest).await;
    bench.done("extend", bench.store.extend(&key, token, shortest).await);
    bench.complete(&key, shortest).await;
}

/// The store under test, and the steps of the cases.
struct Bench<S> {
    store: Arc<S>,
    case: &'static str,
}

impl<S> Clone for Bench<S> {
    fn clone(&self) -> Self {
        Self::new(&self.store, self.case)
    }
}

impl<S> Bench<S> {
    fn new(store: &Arc<S>, case: &'static str) -> Self {
        Self {
            store: Arc::clone(store),
            case,
        }
    }

    /// A key that was never used.
    fn key(&self) -> MessageKey {
        let scope = format!("contract-{}", ClaimToken::random());
        MessageKey::new(scope, format!("msg_{}", ClaimToken::random()))
    }

    #[track_caller]
    fn assert(&self, holds: bool, otherwise: &str) {
        assert!(holds, "idempotency store, {}: {otherwise}", self.case);
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "this is how a test fails")]
    fn fail(&self, why: &str) -> ! {
        panic!("idempotency store, {}: {why}", self.case)
    }

    #[track_caller]
    fn done<T>(&self, what: &str, result: Result<T, impl Into<BoxError>>) -> T {
        match result {
            Ok(done) => done,
            Err(error) => self.fail(&format!("{what} failed: {:?}", error.into())),
        }
    }
}

impl<S: IdempotencyStore> Bench<S> {
    /// Claims with a new token.
    async fn try_claim(&self, key: &MessageKey, lease: Duration) -> Claim {
        self.claim_under(ClaimToken::random(), key, lease).await
    }

    async fn claim_under(&self, token: ClaimToken, key: &MessageKey, lease: Duration) -> Claim {
        self.done("claim", self.store.claim(key, token, lease).await)
    }

    async fn claim(&self, key: &MessageKey, lease: Duration) -> ClaimToken {
        let token = ClaimToken::random();
        match self.claim_under(token, key, lease).await {
            Claim::Claimed => token,
            other => self.fail(&format!(
                "{key:?} must be claimable, but the answer was {other:?}"
            )),
        }
    }

    /// Waits until the message's lease or retention has expired, then claims it.
    async fn claim_when_over(&self, key: &MessageKey) -> ClaimToken {
        let (token, waiting_since) = (ClaimToken::random(), Instant::now());
        loop {
            match self.claim_under(token, key, LONG).await {
                Claim::Claimed => return token,
                _ if waiting_since.elapsed() < PATIENCE => sleep(SHORT / 2).await,
                other => self.fail(&format!(
                    "a duration of {SHORT:?} has not expired after {PATIENCE:?}: {other:?}"
                )),
            }
        }
    }

    async fn expect(&self, key: &MessageKey, expected: Claim) {
        self.assert_given(self.try_claim(key, LONG).await, expected);
    }

    async fn expect_under(&self, token: ClaimToken, key: &MessageKey, expected: Claim) {
        self.assert_given(self.claim_under(token, key, LONG).await, expected);
    }

    #[track_caller]
    fn assert_given(&self, claim: Claim, expected: Claim) {
        self.assert(
            claim == expected,
            &format!("a claim must give {expected:?}, but gave {claim:?}"),
        );
    }

    /// Makes 32 concurrent claims, of which exactly one must win.
    async fn expect_one_winner(&self, key: &MessageKey) {
        let claims = (0..32).map(|_| {
            let (bench, key) = (self.clone(), key.clone());
            tokio::spawn(async move { bench.try_claim(&key, LONG).await })
        });
        let claims: Vec<_> = claims.collect();
        let mut winners = 0;
        for claim in claims {
            match claim.await {
                Ok(Claim::Claimed) => winners += 1,
                Ok(Claim::InProgress) => {}
                other => self.fail(&format!("one of 32 concurrent claims gave {other:?}")),
            }
        }
        self.assert(
            winners == 1,
            &format!("{winners} of 32 concurrent claims were granted"),
        );
    }

    async fn expect_extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
        expected: bool,
    ) {
        let extended = self.done("extend", self.store.extend(key, token, lease).await);
        self.assert(
            extended == expected,
            &format!("extend must give {expected}"),
        );
    }

    async fn complete(&self, key: &MessageKey, retention: Duration) {
        self.complete_as(Outcome::Succeeded, key, retention).await;
    }

    async fn complete_as(&self, outcome: Outcome, key: &MessageKey, retention: Duration) {
        let completed = self.store.complete(key, outcome, retention).await;
        self.done("complete", completed);
    }

    async fn expect_release(&self, key: &MessageKey, token: ClaimToken, expected: bool) {
        let released = self.done("release", self.store.release(key, token).await);
        self.assert(
            released == expected,
            &format!("release must give {expected}"),
        );
    }

    async fn expect_forget(&self, key: &MessageKey, expected: bool) {
        let forgotten = self.done("forget", self.store.forget(key).await);
        self.assert(
            forgotten == expected,
            &format!("forget must give {expected}"),
        );
    }
}
