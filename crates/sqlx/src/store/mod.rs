//! Claims in a database.

#[macro_use]
mod claims;
#[cfg(feature = "sqlite")]
mod open;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use self::{open::open_sqlite, sqlite::SqliteStore};

use clerk_webhooks::idempotency::{Claim, ClaimToken, Outcome};

/// What a claim found: an outcome, or the token that holds the message now.
fn claim_of(ours: ClaimToken, found: &str) -> Claim {
    match Outcome::from_name(found) {
        Some(outcome) => Claim::Completed(outcome),
        None if found == ours.to_string() => Claim::Claimed,
        None => Claim::InProgress,
    }
}
