//! What goes wrong, and what to do about it.

use std::{error::Error, fmt};

/// Why a store could not do what it was asked to.
///
/// It says what was tried, on which database, and what to do; its [source](Error::source) is sqlx's own
/// error. Whether the database has done it all the same is unknown.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks_sqlx::{SqliteStore, open_sqlite};
///
/// # let path = std::env::temp_dir().join(format!("{}.db", clerk_webhooks::idempotency::ClaimToken::random()));
/// let store = SqliteStore::new(open_sqlite(&path).await?);
/// let error = store.purge_expired().await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "SQLite cannot purge what has expired: the table is missing; \
///      call the store's `migrate` once, before the server starts"
/// );
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// # #[cfg(feature = "sqlite")]
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Debug)]
pub struct StoreError {
    database: &'static str,
    attempt: &'static str,
    source: sqlx::Error,
}

impl StoreError {
    pub(crate) fn of(
        database: &'static str,
        attempt: &'static str,
    ) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self {
            database,
            attempt,
            source,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = advice(&self.source);
        write!(f, "{} cannot {}: {advice}", self.database, self.attempt)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn advice(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::PoolClosed => {
            "the pool is closed; close it only after the server has shut down and its handlers are done"
        }
        sqlx::Error::PoolTimedOut => {
            "no connection became free in time; is the server up, is the pool large enough, \
             and does every handler give its connection back?"
        }
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
            "the server cannot be reached, or the connection broke; check its address, and that it is up"
        }
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some(state) if state.len() == SQLSTATE_LENGTH => postgres_advice(state),
            Some(code) => sqlite_advice(code, error.message()),
            None => SEE_SOURCE,
        },
        _ => SEE_SOURCE,
    }
}

/// Postgres' codes are of five characters, SQLite's numbers of four digits at most.
const SQLSTATE_LENGTH: usize = 5;

const SEE_SOURCE: &str = "see the source of this error";
const TABLE_IS_MISSING: &str =
    "the table is missing; call the store's `migrate` once, before the server starts";
const READ_ONLY: &str =
    "the database is read-only; connect to the primary, as a role that may write";

/// Codes: appendix A of Postgres' documentation.
fn postgres_advice(state: &str) -> &'static str {
    match state {
        "42P01" => TABLE_IS_MISSING,
        "25006" => READ_ONLY,
        "42501" => {
            "permission denied; grant select, insert, update and delete on the table, or let a role that \
             may create tables run `migrate`"
        }
        "40001" | "40P01" => "it collided with another transaction; the next delivery will do",
        "22021" => "Postgres keeps no NUL character; take it out of the scope",
        "53300" => {
            "the server has no connection left; lower the pools' sizes, or raise max_connections"
        }
        _ if state.starts_with("57P") => "the server is starting or shutting down",
        _ => SEE_SOURCE,
    }
}

/// Codes: SQLite's "Result and Error Codes"; the last byte tells the class.
fn sqlite_advice(code: &str, message: &str) -> &'static str {
    match code.parse::<u16>().map(|code| code & 0xff) {
        Ok(1) if message.starts_with("no such table") => TABLE_IS_MISSING,
        Ok(5 | 6) => {
            "another connection wrote for longer than the busy timeout; keep transactions short, or give \
             the store a file of its own"
        }
        Ok(8) => READ_ONLY,
        Ok(13) => "the disk is full",
        Ok(14) => "the file cannot be opened; check its path and the rights to its folder",
        _ => SEE_SOURCE,
    }
}
