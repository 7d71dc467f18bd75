//! A SQLite file, opened so that it serves.

use std::{path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// For how long a writer waits for another process' transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Less than the sender's 15 seconds.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a SQLite file, made when absent, the way that a store or an inbox wants it.
///
/// - *One* connection: SQLite writes one transaction at a time, and several connections of one process
///   only wait for each other, with timeouts instead of a queue (measured over HTTP: the slowest
///   hundredth took 1.1 s with four connections, 0.1 s with one).
/// - Write-ahead log (`journal_mode=WAL`): readers do not block the writer.
/// - `synchronous=FULL`: what was committed survives a power loss. With `NORMAL`, SQLite would flush
///   the log at checkpoints only, and a completed message could be run again after one.
/// - `busy_timeout` 5 s for what another process writes, 10 s to wait for the connection.
///
/// In a program that needs other settings, make the pool yourself, with these in mind.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks_sqlx::{SqliteStore, open_sqlite};
///
/// # let path = std::env::temp_dir().join(format!("{}.db", clerk_webhooks::idempotency::ClaimToken::random()));
/// let store = SqliteStore::new(open_sqlite(&path).await?);
/// store.migrate().await?;
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When the file can be neither opened nor made, is no SQLite database, or stays locked.
pub async fn open_sqlite(path: impl AsRef<Path>) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT);
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
}
