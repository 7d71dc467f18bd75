//! A store that writes its operations to the ledger, so that a second run can be explained.

use std::{error::Error, sync::Arc, time::Duration};

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use clerk_webhooks_testbed::ledger::{Ledger, What, now};

type BoxError = Box<dyn Error + Send + Sync>;

pub(crate) struct Ledgered<St> {
    store: St,
    ledger: Arc<Ledger>,
}

impl<St> Ledgered<St> {
    pub(crate) fn new(store: St, ledger: Arc<Ledger>) -> Self {
        Self { store, ledger }
    }

    fn note(&self, key: &MessageKey, what: What) -> Result<(), BoxError> {
        Ok(self.ledger.note(key.message_id(), what)?)
    }

    /// The answer, or the error after it was written down.
    fn answer<T>(
        &self,
        key: &MessageKey,
        answer: Result<T, impl Into<BoxError>>,
    ) -> Result<T, BoxError> {
        answer.map_err(|error| {
            let error = error.into();
            let what = What::StoreFailed {
                error: with_sources(&*error),
            };
            self.note(key, what).err().unwrap_or(error)
        })
    }
}

fn with_sources(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_sources(source)),
        None => error.to_string(),
    }
}

impl<St: IdempotencyStore> IdempotencyStore for Ledgered<St> {
    type Error = BoxError;

    async fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<Claim, BoxError> {
        let asked_at = now();
        let claim = self.answer(key, self.store.claim(key, token, lease).await)?;
        if claim == Claim::Claimed {
            self.note(key, What::Claimed { asked_at })?;
        }
        Ok(claim)
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, BoxError> {
        let asked_at = now();
        let extended = self.answer(key, self.store.extend(key, token, lease).await)?;
        let what = if extended {
            What::Extended { asked_at }
        } else {
            What::LeaseLost
        };
        self.note(key, what)?;
        Ok(extended)
    }

    async fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> Result<(), BoxError> {
        let completed = self.store.complete(key, outcome, retention).await;
        self.answer(key, completed)?;
        self.note(key, What::Completed)
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, BoxError> {
        let released = self.answer(key, self.store.release(key, token).await)?;
        if released {
            self.note(key, What::Released)?;
        }
        Ok(released)
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, BoxError> {
        self.answer(key, self.store.forget(key).await)
    }
}
