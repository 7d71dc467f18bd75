//! Exactly once: an event's end is recorded in the handler's own transaction.

use std::{
    error::Error,
    fmt,
    sync::{Arc, atomic::Ordering},
};

use clerk_webhooks::queue::EventContext;
use sqlx::Transaction;

use super::lease::{End, Lease, Outcome, Write};
use crate::engine::Engine;

/// Records an event's end in the handler's own transaction on the queue's database. The effects and the end are
/// committed together, or neither is.
///
/// If the process crashes before the commit, the event runs again. If it crashes after the commit, it does not.
///
/// ```
/// # #[cfg(feature = "sqlite")] mod example {
/// use clerk_webhooks::{ClerkEvent, WebhookError, queue::EventContext};
/// use clerk_webhooks_sqlx::queue::Complete as _;
/// use sqlx::SqlitePool;
///
/// async fn on_event(event: ClerkEvent, context: EventContext<SqlitePool>) -> Result<(), WebhookError> {
///     let mut tx = context.state().begin_with("BEGIN IMMEDIATE").await?; // Postgres: begin()
///     sqlx::query("update credits set welcome = welcome + 1 where user_id = ?")
///         .bind(event.object_id())
///         .execute(&mut *tx)
///         .await?;
///     context.complete(&mut tx).await?;
///     Ok(tx.commit().await?)
/// }
/// # }
/// ```
///
/// **After a call to `complete`, the commit decides**, not what the handler returns:
///
/// - The transaction was committed: the event is done, even if the handler fails afterwards.
/// - It was not committed: the attempt has failed, even if the handler returns `Ok(())`.
///
/// An effect outside the transaction, such as an e-mail, happens at least once.
pub trait Complete {
    /// Records the event's end in this transaction. Commit the transaction afterwards.
    ///
    /// # Errors
    ///
    /// - The lease was lost, so another worker may have the event.
    /// - The event's queue is not on the transaction's database.
    /// - The database fails.
    ///
    /// Roll back then; dropping the transaction does that.
    fn complete<DB: Engine>(
        &self,
        transaction: &mut Transaction<'_, DB>,
    ) -> impl Future<Output = Result<(), CompleteError>> + Send;
}

impl<St: Sync> Complete for EventContext<St> {
    async fn complete<DB: Engine>(
        &self,
        transaction: &mut Transaction<'_, DB>,
    ) -> Result<(), CompleteError> {
        let lease = self.queued().extensions().get::<Arc<Lease>>();
        let lease = lease.filter(|lease| lease.engine == DB::NAME);
        let lease = Arc::clone(lease.ok_or(CompleteError::OtherQueue)?);
        lease.in_transaction.store(true, Ordering::Relaxed);
        let outcome = Outcome::Done;
        let end = Write::End(End { lease, outcome });
        match end.run::<DB>(transaction).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CompleteError::LeaseLost),
            Err(error) => Err(CompleteError::Database(error)),
        }
    }
}

/// Why an event's end could not be recorded in a transaction.
#[derive(Debug)]
#[non_exhaustive]
pub enum CompleteError {
    /// The event was not leased by a worker of a queue on the transaction's database.
    OtherQueue,
    /// The lease was lost, so another worker may have the event.
    LeaseLost,
    /// The database fails.
    Database(sqlx::Error),
}

impl fmt::Display for CompleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherQueue => {
                "no worker of a queue on the transaction's database leased this event; in a test, store it in a \
                 queue and run a worker"
            }
            Self::LeaseLost => {
                "the lease was lost, so that the event may run elsewhere, or the transaction is on another \
                 database than the queue"
            }
            Self::Database(_) => "the database cannot record the event's end",
        })
    }
}

impl Error for CompleteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::OtherQueue | Self::LeaseLost => None,
        }
    }
}
