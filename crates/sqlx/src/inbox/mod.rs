//! Exactly-once effects: the message is noted in the very transaction that does its work.
//!
//! ```no_run
//! use clerk_webhooks::{EventData, VerifiedClerkEvent, WebhookError};
//! use clerk_webhooks_sqlx::inbox;
//!
//! # #[cfg(feature = "postgres")]
//! async fn on_event(pool: sqlx::PgPool, event: VerifiedClerkEvent) -> Result<(), WebhookError> {
//!     let mut tx = pool.begin().await?; // SQLite: pool.begin_with("BEGIN IMMEDIATE")
//!     if !inbox::first_time(&mut *tx, "users", event.message_id()).await? {
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
//! Before that, when the program starts, [`migrate`](crate::migrate()) has made the table.
//!
//! Either both are committed, the work and the note, or neither: whatever fails or is killed in between,
//! the next delivery finds nothing done and does it. All of the work must go through the transaction. What
//! lies outside of it, such as an e-mail, happens at least once.
//!
//! # When several come at once
//!
//! - **Postgres**: the second waits in [`first_time`] until the first transaction ends; when that commits
//!   it is told "not the first time", when it rolls back "first time". (Isolation levels stricter than
//!   `read committed` answer a serialization error instead of "not the first time"; the next delivery
//!   will be told.)
//! - **SQLite**: there is one writing transaction at a time, and the second waits to begin. It has to say
//!   at its begin that it will write: `pool.begin_with("BEGIN IMMEDIATE")`. A deferred transaction
//!   (`pool.begin()`) that has read before it writes fails at once with code 517
//!   (`SQLITE_BUSY_SNAPSHOT`) when another has written meanwhile, and must be rolled back.
//!
//! # Errors
//!
//! What the database answers comes back as sqlx's own error, as from every other statement of your
//! transaction. "no such table: `clerk_inbox`", or Postgres' "relation ... does not exist", means that
//! [`migrate`](crate::migrate()) was not called.
//!
//! # Upkeep
//!
//! Call [`purge`] once a day, with [`RETENTION`] or what suits you.

mod statements;

use std::time::Duration;

use sqlx::{Connection, Database, Pool};

use self::sealed::Statements as _;
use crate::{millis::millis, purge};

/// For how long to keep what was received: 90 days.
///
/// The sender's own retries span 28 hours; a manual resend, which has the same id, may come much later.
pub const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Notes the message in this transaction: `true` when no transaction with this message has committed.
///
/// On `true`, do the work in the same transaction, and commit it. On `false` there is nothing to do: answer
/// with success. A rollback undoes the note too, so that the message's next delivery is again the first.
///
/// `scope` keeps apart what has different work to do for the same message: two endpoints, or two services
/// on one database. `message_id` is [`VerifiedClerkEvent::message_id`]. On Postgres, together they must
/// not exceed some 2,600 bytes, nor hold a NUL character.
///
/// [`VerifiedClerkEvent::message_id`]: clerk_webhooks::VerifiedClerkEvent::message_id
///
/// # Errors
///
/// - [`sqlx::Error::InvalidArgument`] when `transaction` is a connection without a transaction: the note
///   would be committed before the work is done, and the work lost when it fails. sqlx counts its own
///   transactions only: after a hand-written `begin`, run
///   [the statement](crate::sql::postgres::inbox::FIRST_TIME) yourself.
/// - Whatever the database answers. The transaction must then be rolled back, which dropping it does.
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
/// assert!(inbox::first_time(&mut *tx, "users", "msg_1").await?);
/// tx.rollback().await?; // the work failed
///
/// let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
/// assert!(inbox::first_time(&mut *tx, "users", "msg_1").await?);
/// tx.commit().await?;
///
/// let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
/// assert!(!inbox::first_time(&mut *tx, "users", "msg_1").await?);
/// # }
/// # Ok(())
/// # }
/// ```
pub async fn first_time<C: InboxConnection>(
    transaction: &mut C,
    scope: &str,
    message_id: &str,
) -> sqlx::Result<bool> {
    if !transaction.is_in_transaction() {
        return Err(sqlx::Error::InvalidArgument(NO_TRANSACTION.to_owned()));
    }
    Ok(transaction.note(scope, message_id).await? == 1)
}

const NO_TRANSACTION: &str = "the inbox needs a transaction: begin one with the pool's `begin` (SQLite: \
    `begin_with(\"BEGIN IMMEDIATE\")`), do the message's work in it, and commit it";

/// Removes what was received at least `older_than` ago, [`RETENTION`] as a rule; returns the number of rows.
///
/// A message that comes again after that does its work again. Once a day is enough; any number of processes
/// may do it at once. It goes in steps of 1,000 rows, found by an index, so that no lock is held for long,
/// and may be dropped at any time.
///
/// # Errors
///
/// When a step fails; those before it are done.
///
/// ```no_run
/// # #[cfg(feature = "postgres")]
/// # async fn example(pool: &sqlx::PgPool) -> sqlx::Result<()> {
/// use clerk_webhooks_sqlx::inbox;
///
/// let removed = inbox::purge(pool, inbox::RETENTION).await?;
/// # Ok(())
/// # }
/// ```
pub async fn purge<DB>(pool: &Pool<DB>, older_than: Duration) -> sqlx::Result<u64>
where
    DB: Database<Connection: InboxConnection>,
{
    let older_than = millis(older_than);
    purge::in_batches(async || pool.acquire().await?.purge(older_than, purge::BATCH).await).await
}

/// Forgets that the message's effects are committed, so that a manual resend does its work again.
///
/// `false` when it was not noted. Undo its effects first where doing them again would harm.
///
/// # Errors
///
/// Whatever the database answers.
pub async fn forget<DB>(pool: &Pool<DB>, scope: &str, message_id: &str) -> sqlx::Result<bool>
where
    DB: Database<Connection: InboxConnection>,
{
    Ok(pool.acquire().await?.forget(scope, message_id).await? == 1)
}

/// A connection with an inbox: sqlx's `PgConnection` and `SqliteConnection`, by feature. Sealed.
///
/// A transaction dereferences to its connection: `&mut *tx`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no inbox",
    note = "pass a Postgres or SQLite transaction as `&mut *tx`, with feature `postgres` or `sqlite` of \
            `clerk-webhooks-sqlx`"
)]
pub trait InboxConnection: sealed::Statements {}

impl<C: sealed::Statements> InboxConnection for C {}

mod sealed {
    use super::Connection;

    /// The statements of [`sql`](crate::sql); each returns the number of rows affected.
    pub trait Statements: Connection {
        fn note(
            &mut self,
            scope: &str,
            message_id: &str,
        ) -> impl Future<Output = sqlx::Result<u64>> + Send;

        fn forget(
            &mut self,
            scope: &str,
            message_id: &str,
        ) -> impl Future<Output = sqlx::Result<u64>> + Send;

        fn purge(
            &mut self,
            older_than: i64,
            at_most: i64,
        ) -> impl Future<Output = sqlx::Result<u64>> + Send;
    }
}
