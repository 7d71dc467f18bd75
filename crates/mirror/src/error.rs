//! The mirror's error, with advice.

use std::{error::Error, fmt, io};

use clerk_webhooks::event::DecodeError;

/// Why the mirror could not do something.
///
/// Its text says what was tried, on which database, and what to do. Its [source](Error::source) is sqlx's own error.
/// Nothing is half-written: everything happens in transactions.
#[derive(Debug)]
pub struct MirrorError {
    database: &'static str,
    attempt: &'static str,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Database(sqlx::Error),
    Event(DecodeError),
}

impl MirrorError {
    /// For `map_err`.
    pub(crate) fn of(
        database: &'static str,
        attempt: &'static str,
    ) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self {
            database,
            attempt,
            source: Source::Database(source),
        }
    }

    pub(crate) fn undecodable(database: &'static str, error: DecodeError) -> Self {
        Self {
            database,
            attempt: "apply an event",
            source: Source::Event(error),
        }
    }
}

impl fmt::Display for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match &self.source {
            Source::Database(error) => advice(error),
            Source::Event(_) => "it is not an event of Clerk's",
        };
        write!(
            f,
            "the mirror in {} cannot {}: {advice}",
            self.database, self.attempt
        )
    }
}

impl Error for MirrorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Source::Database(error) => Some(error),
            Source::Event(error) => Some(error),
        }
    }
}

fn advice(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::PoolClosed => {
            "the pool is closed; close it only after the server has shut down"
        }
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => NO_ANSWER,
        sqlx::Error::PoolTimedOut => NO_ANSWER,
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

/// Postgres' codes have five characters. SQLite's codes are numbers with at most four digits.
const SQLSTATE_LENGTH: usize = 5;

const SEE_SOURCE: &str = "see the source of this error";
const NO_ANSWER: &str =
    "there was no answer in time; is the server up, and is the pool large enough?";
const TABLE_IS_MISSING: &str =
    "a table or a function is missing; `Mirror::new` makes them when the program starts";
const READ_ONLY: &str =
    "the database is read-only; connect to the primary, as a role that may write";

/// The codes are in appendix A of Postgres' documentation.
fn postgres_advice(state: &str) -> &'static str {
    match state {
        "42P01" | "42883" | "3F000" => TABLE_IS_MISSING,
        "25000" => {
            "the mirror needs the isolation level `read committed`, which is the default: with another one, a \
             transaction would not see what the others have just deleted"
        }
        "25006" => READ_ONLY,
        "42501" => {
            "permission denied; grant usage on the schema `clerk` and select, insert, update and delete on its \
             tables, or, to make or update them, create on the database"
        }
        "28P01" | "28000" => "the server refuses the user or the password",
        "3D000" => "the server has no database of this name",
        "40001" | "40P01" => "it collided with another transaction; try again",
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
            "another connection wrote for longer than the busy timeout, or the transaction did not begin with \
             `begin immediate`"
        }
        Ok(8) => READ_ONLY,
        Ok(13) => "the disk is full",
        Ok(14) => "the file cannot be opened; check its path and the rights to its folder",
        _ => SEE_SOURCE,
    }
}
