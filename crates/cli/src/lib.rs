//! The library of the command line `clerk-webhooks`.
//!
//! - [`capture`]: reads captured deliveries.
//! - [`explain`]: says why a delivery is refused.

pub mod capture;
pub mod explain;

mod percent;
mod secret;

pub use self::secret::SecretText;
