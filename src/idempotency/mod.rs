//! The same message never does its work twice.

mod store;

pub use self::store::{Claim, ClaimToken, IdempotencyStore, MessageKey};
