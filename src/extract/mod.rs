//! From a verified delivery to a typed event: [`VerifiedClerkEvent`].
//!
//! Framework-free in itself: [`VerifiedClerkEvent::decode`] takes what the layer or a
//! [`Verifier`](crate::Verifier) proved. With feature `axum` (default) it is an extractor too.

#[cfg(feature = "axum")]
mod axum;
mod decode;
pub(crate) mod verified_event;

#[cfg(feature = "queue")]
pub(crate) use self::decode::decode;
pub use self::verified_event::VerifiedClerkEvent;
