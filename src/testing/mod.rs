//! What a service's own tests need: events of every type, signed requests, a clock that stands
//! still, and events for handlers without HTTP.
//!
//! Feature `testing`; put it on the dev-dependency only:
//!
//! ```toml
//! [dev-dependencies]
//! clerk-webhooks = { version = "0.1", features = ["testing"] }
//! ```
//!
//! - [`fixtures`]: a realistic event of every type, changed where a test needs it.
//! - [`deliver`]: the event as a handler gets it, without HTTP.
//! - [`SignedRequest`]: the delivery as a router gets it, or as no router should accept it.
//! - [`FixedClock`]: for recorded deliveries and the edges of the tolerance.
//! - `idempotency_store` (with feature `idempotency`): what every store of claims must hold.
//!
//! Nothing in here makes an unverified event: [`deliver`] signs what it is given with a throw-away
//! secret and goes through a [`Verifier`](crate::Verifier), like every delivery.

mod clock;
mod deliver;
pub mod fixtures;
#[cfg(feature = "idempotency")]
pub mod idempotency_store;
mod signed_request;

pub use self::{clock::FixedClock, deliver::deliver, signed_request::SignedRequest};
