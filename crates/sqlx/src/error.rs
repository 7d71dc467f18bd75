//! The database error, with advice.

use std::{error::Error, fmt, sync::Arc};

/// Why an operation of a store, a queue or a migration failed.
///
/// Its text says what was tried, on which database, and what to do. Its [source](Error::source) is sqlx's own
/// error. The result of the operation is unknown: the database may have carried it out.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "sqlite")] {
/// use clerk_webhooks_sqlx::{SqliteStore, open_sqlite};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("webhooks.db");
/// let store = SqliteStore::new(open_sqlite(&path).await?);
/// let error = store.purge().await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "SQLite cannot purge what has expired: the table is missing; call `migrate` when the program starts"
/// );
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DatabaseError {
    database: &'static str,
    attempt: &'static str,
    /// In an `Arc`, since writes in one transaction share their error.
    source: Arc<sqlx::Error>,
}

impl DatabaseError {
    /// For `map_err`.
    pub(crate) fn of<E: Into<Arc<sqlx::Error>>>(
        database: &'static str,
        attempt: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self {
            database,
            attempt,
            source: source.into(),
        }
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = advice(&self.source);
        write!(f, "{} cannot {}: {advice}", self.database, self.attempt)
    }
}

impl Error for DatabaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
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
        sqlx::Error::Configuration(_) => "its settings are wrong; see the source of this error",
        _ => SEE_SOURCE,
    }
}

/// Postgres' codes have five characters. SQLite's codes are numbers with at most four digits.
const SQLSTATE_LENGTH: usize = 5;

const SEE_SOURCE: &str = "see the source of this error";
const TABLE_IS_MISSING: &str = "the table is missing; call `migrate` when the program starts";
const READ_ONLY: &str =
    "the database is read-only; connect to the primary, as a role that may write";

/// The codes are in appendix A of Postgres' documentation.
fn postgres_advice(state: &str) -> &'static str {
    match state {
        "42P01" => TABLE_IS_MISSING,
        "25006" => READ_ONLY,
        "42501" => {
            "permission denied; grant select, insert, update and delete on the tables, or let a role that \
             may create tables run `migrate`"
        }
        "28P01" | "28000" => "the server refuses the user or the password",
        "3D000" => "the server has no database of this name",
        "40001" | "40P01" => "it collided with another transaction; try again",
        "22021" => "Postgres keeps no NUL character; take it out of the scope",
        "53300" => {
            "the server has no connection left; lower the pools' sizes, or raise max_connections"
        }
        _ if state.starts_with("57P") => "the server is starting or shutting down",
        _ => SEE_SOURCE,
    }
}

/// The codes are in SQLite's "Result and Error Codes". The last byte is the class.
fn sqlite_advice(code: &str, message: &str) -> &'static str {
    match code.parse::<u16>().map(|code| code & 0xff) {
        Ok(1) if message.starts_with("no such table") => TABLE_IS_MISSING,
        Ok(5 | 6) => {
            "another connection wrote for longer than the busy timeout, or read in a file without a \
             write-ahead log; keep transactions short, or use another file for them"
        }
        Ok(8) => READ_ONLY,
        Ok(13) => "the disk is full",
        Ok(14) => "the file cannot be opened; check its path and the rights to its folder",
        // A `not null` constraint failed: an older SQLite has no clock with fractions of a second, and returns
        // null instead.
        Ok(19) => "this SQLite is older than 3.42, which the statements need",
        _ => SEE_SOURCE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_codes_of_sqlite_get_the_advice_of_their_class() {
        let busy = sqlite_advice("5", "database is locked");
        assert!(busy.contains("keep transactions short"), "{busy}");
        for code in ["261", "517", "6", "262"] {
            assert_eq!(sqlite_advice(code, ""), busy);
        }
        assert!(sqlite_advice("1299", "NOT NULL constraint failed").contains("3.42"));
        assert_eq!(sqlite_advice("1", "no such column: x"), SEE_SOURCE);
        assert_eq!(sqlite_advice("no number", ""), SEE_SOURCE);
    }

    #[test]
    fn postgres_says_by_its_state_what_to_do() {
        let collided = postgres_advice("40001");
        assert!(collided.contains("try again"), "{collided}");
        assert_eq!(postgres_advice("40P01"), collided);
        assert!(postgres_advice("57P03").contains("starting or shutting down"));
        assert_eq!(postgres_advice("XX000"), SEE_SOURCE);
    }
}
