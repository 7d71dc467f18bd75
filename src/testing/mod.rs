//! What a service's own tests need: signed requests, a clock that stands still, and events for
//! handlers without HTTP.
//!
//! Feature `testing`; put it on the dev-dependency only:
//!
//! ```toml
//! [dev-dependencies]
//! clerk-webhooks = { version = "0.1", features = ["testing"] }
//! ```
//!
//! Nothing in here makes an unverified event: [`deliver`] signs what it is given with a throw-away
//! secret and goes through a [`Verifier`](crate::Verifier), like every delivery.

mod clock;
mod deliver;
mod signed_request;

pub use self::{clock::FixedClock, deliver::deliver, signed_request::SignedRequest};
