//! Exactly-once effects: the message is recorded in the same transaction as its effects.
//!
//! ```no_run
//! use clerk_webhooks::{EventData, VerifiedClerkEvent, WebhookError};
//! use clerk_webhooks_sqlx::inbox;
//!
//! # #[cfg(feature = "postgres")]
//! async fn on_event(pool: sqlx::PgPool, event: VerifiedClerkEvent) -> Result<(), WebhookError> {
//!     let mut tx = pool.begin().await?; // SQLite: pool.begin_with("BEGIN IMMEDIATE")
//!     if !inbox::first_time(&mut tx, "users", event.message_id()).await? {
//!         return Ok(()); // its effects are committed
//!     }
//!     if let EventData::UserDeleted(user) = &event.data {
//!         let statement = "update users set deleted_at = now() where id = $1";
//!         sqlx::query(statement).bind(&user.id).execute(&mut *tx).await?;
//!     }
//!     Ok(tx.commit().await?)
//! }
//! ```
//!
//! Call [`migrate`](crate::migrate()) when your program starts: it makes the table.
//!
//! The record and the effects are committed together, or neither is. If the handler fails or its process is
//! killed before the commit, the next delivery finds no record and does the work. All effects must go through the
//! transaction. An effect outside it, such as an e-mail, happens at least once.
//!
//! # When duplicates arrive at the same time
//!
//! - **Postgres**: the second transaction waits in [`first_time`] until the first one ends. If the first commits,
//!   the second gets `false`. If the first rolls back, the second gets `true`. (With an isolation level stricter
//!   than `read committed`, the second gets a serialization error instead of `false`; the next delivery gets
//!   `false`.)
//! - **SQLite**: only one transaction writes at a time, and the second waits at its begin. It must declare at its
//!   begin that it will write: `pool.begin_with("BEGIN IMMEDIATE")`. A deferred transaction (`pool.begin()`) that
//!   reads before it writes fails at once with code 517 (`SQLITE_BUSY_SNAPSHOT`) if another transaction has
//!   written in between. It must then be rolled back.
//!
//! # Errors
//!
//! [`first_time`] returns errors of the database as sqlx's own error, like those of every other statement of your
//! transaction. "no such table: `clerk_inbox`", or Postgres' "relation ... does not exist", means that
//! [`migrate`](crate::migrate()) was not called.
//!
//! # Maintenance
//!
//! Call [`purge`] once a day, with [`RETENTION`] or a duration of your own.

use std::time::Duration;

use sqlx::{Pool, Transaction};

use crate::{
    engine::{
        Engine, Sql,
        Value::{Number, Text},
        sealed::Dialect as _,
    },
    error::DatabaseError,
    millis::millis,
    purge, request,
    statements::Statements as _,
};

/// How long to keep the records of received messages: 90 days.
///
/// The sender's own retries span 28 hours. A manual resend, which has the same id, may come much later.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Records the message in this transaction. Returns `true` if no committed transaction has recorded it before.
///
/// On `true`, do the work in the same transaction and commit it. On `false`, the effects are committed already:
/// do nothing, and answer with success. A rollback also removes the record, so that the next delivery gets `true`
/// again.
///
/// `scope` separates endpoints or services that share a database and do different work for the same message.
/// `message_id` is [`VerifiedClerkEvent::message_id`]. On Postgres, both together must not be longer than some
/// 2,600 bytes, and neither may have a NUL character.
///
/// [`VerifiedClerkEvent::message_id`]: clerk_webhooks::VerifiedClerkEvent::message_id
///
/// # Errors
///
/// Any error of the database. The transaction must then be rolled back; dropping it does that.
///
/// In a transaction that sqlx did not begin, run [the statement](crate::sql::postgres::inbox::FIRST_TIME) yourself.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "sqlite")] {
/// use clerk_webhooks_sqlx::{inbox, migrate, open_sqlite};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("app.db");
/// let pool = open_sqlite(&path).await?;
/// migrate(&pool).await?;
///
/// let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
/// assert!(inbox::first_time(&mut tx, "users", "msg_1").await?);
/// tx.rollback().await?; // the work failed
///
/// let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
/// assert!(inbox::first_time(&mut tx, "users", "msg_1").await?);
/// tx.commit().await?;
///
/// let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
/// assert!(!inbox::first_time(&mut tx, "users", "msg_1").await?);
/// # }
/// # Ok(())
/// # }
/// ```
pub async fn first_time<DB: Engine>(
    transaction: &mut Transaction<'_, DB>,
    scope: &str,
    message_id: &str,
) -> sqlx::Result<bool> {
    let message = [Text(scope), Text(message_id)];
    let statement = Sql::<DB>::FIRST_TIME.text;
    Ok(Sql::<DB>::execute(transaction, statement, &message).await? == 1)
}

/// Removes the records of messages that were received at least `older_than` ago, usually [`RETENTION`]. Returns
/// the number of rows.
///
/// If a removed message is delivered again, its work is done again. Call this once a day. Any number of processes
/// may call it at the same time. It removes 1,000 rows at a time, found by an index, so that no lock is held for
/// long. You can drop the future at any time.
///
/// # Errors
///
/// When a step fails. The rows of the steps before it stay removed.
///
/// ```no_run
/// # #[cfg(feature = "postgres")]
/// # async fn example(pool: &sqlx::PgPool) -> Result<(), clerk_webhooks_sqlx::DatabaseError> {
/// use clerk_webhooks_sqlx::inbox;
///
/// let removed = inbox::purge(pool, inbox::RETENTION).await?;
/// # Ok(())
/// # }
/// ```
pub async fn purge<DB: Engine>(
    pool: &Pool<DB>,
    older_than: Duration,
) -> Result<u64, DatabaseError> {
    let step = [Number(millis(older_than)), Number(purge::BATCH)];
    purge::in_batches(|| request::execute(pool, Sql::<DB>::PURGE_RECORDS, &step)).await
}

/// Removes the record of the message, so that a manual resend does its work again.
///
/// Returns `false` when the message was not recorded. This does not undo the effects: undo them first if repeating
/// them would do harm.
///
/// # Errors
///
/// When the database cannot be asked.
pub async fn forget<DB: Engine>(
    pool: &Pool<DB>,
    scope: &str,
    message_id: &str,
) -> Result<bool, DatabaseError> {
    let message = [Text(scope), Text(message_id)];
    let forgotten = request::execute(pool, Sql::<DB>::FORGET_RECORD, &message);
    Ok(forgotten.await? == 1)
}
