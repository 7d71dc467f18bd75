//! Bytes in, verdict out: the signature scheme of Clerk's webhooks, without any framework.
//!
//! Clerk's deliveries are signed and sent by Svix, whose scheme is the one that [Standard Webhooks]
//! describes: HMAC-SHA256 over `{message id}.{timestamp}.{body}`, keyed with the base64-decoded text
//! behind `whsec_`, carried as base64 in a list of `v1,...` entries. Three headers travel with the
//! body, either `svix-id`, `svix-timestamp` and `svix-signature`, or the same three named
//! `webhook-*`.
//!
//! A [`Verifier`](crate::Verifier) is the only way to a [`VerifiedDelivery`](crate::VerifiedDelivery): the
//! layer, the extractor and the adapters for other frameworks all use it. It works in two steps, so that a
//! delivery can be refused before its body is read:
//!
//! 1. [`Verifier::check_headers`](crate::Verifier::check_headers) checks the headers alone: presence, form,
//!    age, and that there is at least one well-formed signature;
//! 2. [`PendingVerification::finish`] takes the raw bytes of the body and compares signatures.
//!
//! Nothing in this module is async, writes logs, or depends on tower.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod clock;
pub(crate) mod delivery;
mod environment;
pub(crate) mod error;
mod headers;
pub(crate) mod secret;
pub(crate) mod secret_error;
mod signature;
pub(crate) mod verifier;

pub use self::{
    clock::{Clock, SystemClock},
    delivery::DeliveryParts,
    error::{VerifyError, VerifyErrorKind},
    secret_error::SecretErrorKind,
    verifier::PendingVerification,
};
