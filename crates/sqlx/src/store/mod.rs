//! Claims in a database.

#[macro_use]
mod claims;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;

use clerk_webhooks::idempotency::{Claim, ClaimToken};

/// What the row says that a claim left behind.
fn outcome(ours: ClaimToken, holder: Option<String>) -> Claim {
    match holder {
        None => Claim::Completed,
        Some(holder) if holder == ours.to_string() => Claim::Claimed(ours),
        Some(_) => Claim::InProgress,
    }
}
