//! Tools to test your service: events of every type, signed requests, a fixed clock, and verified events for
//! handlers without HTTP.
//!
//! Turn on the feature `testing` in your dev-dependencies only:
//!
//! ```toml
//! [dev-dependencies]
//! clerk-webhooks = { version = "0.1", features = ["testing"] }
//! ```
//!
//! - [`fixtures`]: a realistic event of every type, which a test can change.
//! - [`deliver`]: makes the event that a handler gets, without HTTP.
//! - [`Delivery`]: the same with your own message id, time or event type.
//! - `queued` (with feature `queue`): makes the event that a worker gets.
//! - [`SignedRequest`]: the request that a router gets: genuine, stale or forged.
//! - [`FixedClock`]: for recorded deliveries and for tests of the tolerance.
//! - `idempotency_store` (with feature `idempotency`): the tests that every store of claims must pass.
//!
//! This module does not bypass verification: [`deliver`] signs its event with a throw-away secret, and a
//! [`Verifier`](crate::Verifier) verifies it like every delivery.

mod clock;
mod deliver;
pub mod fixtures;
#[cfg(feature = "idempotency")]
pub mod idempotency_store;
mod signed_request;

#[cfg(feature = "queue")]
pub use self::deliver::queued;
pub use self::{
    clock::FixedClock,
    deliver::{Delivery, deliver},
    signed_request::SignedRequest,
};
