//! For the tests of your service: events of every type, signed requests, a fixed clock, and events for
//! handlers without HTTP.
//!
//! Feature `testing`; put it on the dev-dependency only:
//!
//! ```toml
//! [dev-dependencies]
//! clerk-webhooks = { version = "0.1", features = ["testing"] }
//! ```
//!
//! - [`fixtures`]: a realistic event of every type, changed where a test needs it.
//! - [`deliver`]: the event as a handler gets it, without HTTP; [`Delivery`] with a message id and a time that
//!   you choose, or for a type of your own; `queued` (with feature `queue`) as a worker gets it.
//! - [`SignedRequest`]: the delivery as a router gets it, genuine, stale or forged.
//! - [`FixedClock`]: for recorded deliveries and the edges of the tolerance.
//! - `idempotency_store` (with feature `idempotency`): the tests that every store of claims must pass.
//!
//! Nothing in this module makes an unverified event: [`deliver`] signs its event with a throw-away secret,
//! and a [`Verifier`](crate::Verifier) verifies it like every delivery.

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
