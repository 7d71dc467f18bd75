//! A SQLite file, opened so that it serves.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions as _, Connection as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// For how long a writer waits for another process' transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Less than the sender's 15 seconds.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a SQLite file, made when absent, the way that a store or an inbox wants it.
///
/// - *One* connection: SQLite writes one transaction at a time, so that several connections of one process
///   only wait for each other, by trying again until a timeout instead of in a queue.
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
/// # let folder = std::env::temp_dir().join(clerk_webhooks::idempotency::ClaimToken::random().to_string());
/// # std::fs::create_dir(&folder)?;
/// # let path = folder.join("webhooks.db");
/// let store = SqliteStore::new(open_sqlite(&path).await?);
/// store.migrate().await?;
/// # std::fs::remove_dir_all(folder)?;
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
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT);
    enter_write_ahead_log(&options).await?;
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options.journal_mode(SqliteJournalMode::Wal))
        .await
}

/// A file keeps this mode for good. Of several processes that switch a new file at once, all but one may
/// be told "locked" without the busy timeout (seen: 1 of 3,000 opened so).
async fn enter_write_ahead_log(options: &SqliteConnectOptions) -> sqlx::Result<()> {
    let begun = Instant::now();
    let mut connection = options.connect().await?;
    loop {
        let switch = sqlx::raw_sql("pragma journal_mode = wal");
        match switch.execute(&mut connection).await {
            Err(error) if is_busy(&error) && begun.elapsed() < BUSY_TIMEOUT => {
                let until_the_other_is_done = sqlx::raw_sql("begin immediate; commit");
                until_the_other_is_done.execute(&mut connection).await?;
            }
            Err(error) => return Err(error),
            Ok(_) => return connection.close().await,
        }
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "5")
}
