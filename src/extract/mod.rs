//! [`VerifiedClerkEvent`]: a verified delivery, decoded to a typed event.
//!
//! It does not need a framework: [`VerifiedClerkEvent::decode`] takes a delivery that the layer or a
//! [`Verifier`](crate::Verifier) verified. With feature `axum` (default) it is an extractor too.

#[cfg(feature = "axum")]
mod axum;
mod decode;
pub(crate) mod verified_event;

#[cfg(feature = "queue")]
pub(crate) use self::decode::decode;
pub use self::verified_event::VerifiedClerkEvent;
