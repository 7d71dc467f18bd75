//! Every statement as text, for other clients than sqlx: tokio-postgres, diesel, `SeaORM`, rusqlite.
//!
//! The stores, the inbox and the queue of this crate run the same statements, so programs with different clients can
//! share one database. The module needs no feature. Without a feature this crate does not depend on sqlx, so it does
//! not restrict the version of `libsqlite3-sys`.
//!
//! - `MIGRATIONS` are batches of statements without parameters (tokio-postgres `batch_execute`, rusqlite
//!   `execute_batch`, diesel `batch_execute`).
//! - All others are single statements, to be prepared. Their parameters are bound by number, and appear in that order.
//!   The documentation of each statement lists its parameters and its result.
//! - The scope and the message id are texts, as in [`MessageKey`](clerk_webhooks::idempotency::MessageKey). Durations
//!   are whole milliseconds; round up. The database's clock decides when a time has come.
//! - Run each statement in its own transaction (autocommit), since other processes must see its result at once. Only the
//!   inbox's `FIRST_TIME` and the queue's `PUSH` and `END` may be part of your transaction.
//!
//! # tokio-postgres: the inbox in a transaction
//!
//! ```no_run
//! use clerk_webhooks_sqlx::sql::postgres::inbox::FIRST_TIME;
//!
//! async fn on_user_deleted(
//!     client: &mut tokio_postgres::Client,
//!     message_id: &str,
//!     user_id: &str,
//! ) -> Result<(), tokio_postgres::Error> {
//!     let transaction = client.transaction().await?;
//!     let is_first = transaction.execute(FIRST_TIME, &[&"users", &message_id]).await? == 1;
//!     if is_first {
//!         let statement = "update users set deleted_at = now() where id = $1";
//!         transaction.execute(statement, &[&user_id]).await?;
//!     }
//!     transaction.commit().await
//! }
//! ```
//!
//! # diesel: the same on SQLite
//!
//! ```
//! use clerk_webhooks_sqlx::sql::sqlite::{MIGRATIONS, inbox::FIRST_TIME};
//! use diesel::{
//!     Connection as _, QueryResult, RunQueryDsl as _, SqliteConnection,
//!     connection::SimpleConnection as _, sql_query, sql_types::Text,
//! };
//!
//! fn on_user_deleted(
//!     connection: &mut SqliteConnection,
//!     message_id: &str,
//!     user_id: &str,
//! ) -> QueryResult<bool> {
//!     connection.immediate_transaction(|connection| {
//!         let first_time = sql_query(FIRST_TIME).bind::<Text, _>("users").bind::<Text, _>(message_id);
//!         if first_time.execute(connection)? == 0 {
//!             return Ok(false);
//!         }
//!         sql_query("delete from users where id = ?").bind::<Text, _>(user_id).execute(connection)?;
//!         Ok(true)
//!     })
//! }
//!
//! let mut connection = SqliteConnection::establish(":memory:")?;
//! MIGRATIONS.iter().try_for_each(|migration| connection.batch_execute(migration))?;
//! connection.batch_execute("create table users (id text primary key); insert into users values ('user_1')")?;
//! assert!(on_user_deleted(&mut connection, "msg_1", "user_1")?);
//! assert!(!on_user_deleted(&mut connection, "msg_1", "user_1")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[macro_use]
mod inbox;
#[macro_use]
mod queue;
#[macro_use]
mod store;

/// Every statement. The engines share their text; they differ only in five expressions.
macro_rules! statements {
    ($($expressions:tt)*) => {
        store_statements! { $($expressions)* }
        inbox_statements! { $($expressions)* }
        queue_statements! { $($expressions)* }
    };
}

pub mod postgres;
pub mod sqlite;
