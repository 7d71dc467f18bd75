//! Opens databases with the settings that this crate recommends.

#[cfg(feature = "postgres")]
pub use self::postgres::open_postgres;
#[cfg(feature = "sqlite")]
pub use self::sqlite::open_sqlite;

#[cfg(feature = "postgres")]
mod postgres {
    use sqlx::{
        Database as _, Executor as _, PgPool, Postgres,
        postgres::{PgConnectOptions, PgPoolOptions},
    };

    use crate::{connect, error::DatabaseError};

    /// A stronger setting stays as it is, such as `remote_apply`, which also waits for a replica.
    const COMMIT_DURABLY: &str = "select set_config('synchronous_commit', 'on', false) \
         where current_setting('synchronous_commit') = 'off'";

    /// Opens a Postgres database at a URL, with a pool of up to ten connections.
    ///
    /// On each of them `synchronous_commit` is never `off`, so that every commit survives a crash and a power
    /// loss of the server.
    ///
    /// If you need other settings, make the pool yourself: everything in this crate takes any pool.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), clerk_webhooks_sqlx::DatabaseError> {
    /// use clerk_webhooks_sqlx::{migrate, open_postgres};
    ///
    /// let pool = open_postgres("postgres://app@localhost/app").await?;
    /// migrate(&pool).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the URL is not valid, or the server cannot be reached. An unreachable server is reported within a
    /// second; one that is starting, or has no connection left, after 10 s.
    pub async fn open_postgres(url: &str) -> Result<PgPool, DatabaseError> {
        let options: PgConnectOptions = url
            .parse()
            .map_err(DatabaseError::of(Postgres::NAME, "read its URL"))?;
        let pool = PgPoolOptions::new().after_connect(|connection, _| {
            Box::pin(async move { connection.execute(COMMIT_DURABLY).await.map(drop) })
        });
        let pool = pool.connect_lazy_with(options);
        connect::first(&pool).await?;
        Ok(pool)
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::{path::Path, time::Duration};

    use sqlx::{
        Database as _, Sqlite, SqlitePool,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
    };

    use crate::{connect, error::DatabaseError};

    /// How long a writer waits for the transaction of another process.
    const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

    /// Opens a SQLite file, which is made if it does not exist, with a pool of one connection.
    ///
    /// - *One* connection: SQLite writes one transaction at a time. The pool queues those who wait for its
    ///   connection. Several connections would instead try again until a timeout.
    /// - Write-ahead log (`journal_mode=WAL`): readers do not block the writer.
    /// - `synchronous=FULL`: every commit survives a power loss. With `NORMAL`, SQLite would flush the log only at
    ///   checkpoints.
    /// - `busy_timeout` 5 s: how long a statement waits while another connection writes.
    ///
    /// If you need other settings, make the pool yourself: everything in this crate takes any pool.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use clerk_webhooks_sqlx::{migrate, open_sqlite};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("app.db");
    /// let pool = open_sqlite(&path).await?;
    /// migrate(&pool).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the file can be neither opened nor made, is not a SQLite database, or stays locked.
    ///
    /// Also for `:memory:`. Each connection to `:memory:` opens a separate database, and the queue uses its own
    /// connections.
    pub async fn open_sqlite(path: impl AsRef<Path>) -> Result<SqlitePool, DatabaseError> {
        if path.as_ref().as_os_str() == ":memory:" {
            let needs_file =
                "each connection to `:memory:` opens a separate database: give a file's path";
            let error = sqlx::Error::Configuration(needs_file.into());
            return Err(DatabaseError::of(Sqlite::NAME, "be opened")(error));
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            // Of several processes that switch a new file at the same time, some get "locked" without waiting for the
            // busy timeout. `connect::first` then tries again.
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.idle_timeout(None).max_lifetime(None);
        let pool = pool.test_before_acquire(false).connect_lazy_with(options);
        connect::first(&pool).await?;
        Ok(pool)
    }
}
