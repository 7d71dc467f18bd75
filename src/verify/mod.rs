//! Bytes in, verdict out: the signature scheme of Clerk's webhooks, without any framework.
//!
//! Clerk's deliveries are signed and sent by Svix, whose scheme is the one that [Standard Webhooks]
//! describes: HMAC-SHA256 over `{message id}.{timestamp}.{body}`, keyed with the base64-decoded text
//! behind `whsec_`, carried as base64 in a list of `v1,...` entries. Three headers travel with the
//! body, either `svix-id`, `svix-timestamp` and `svix-signature`, or the same three named
//! `webhook-*`.
//!
//! [`Verifier`](crate::Verifier) is the only way to a [`VerifiedDelivery`](crate::VerifiedDelivery): the layer, the extractor, the adapters for other
//! frameworks and the command line all go through it. It works in two steps, so that a
//! delivery can be refused before its body is read:
//!
//! 1. [`Verifier::check_headers`](crate::Verifier::check_headers) judges the headers alone: presence, form, age, and that
//!    there is at least one well-formed signature;
//! 2. [`PendingVerification::finish`] takes the body's raw bytes and compares signatures.
//!
//! Nothing in here is async, logs, or knows tower.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod clock;
pub(crate) mod delivery;
mod environment;
mod headers;
pub(crate) mod secret;
mod signature;
pub(crate) mod verifier;

pub use self::{
    clock::{Clock, SystemClock},
    secret::{SecretError, SecretErrorKind},
    verifier::PendingVerification,
};
