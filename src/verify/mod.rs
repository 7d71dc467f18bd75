//! [`Verifier`](crate::Verifier): checks the signatures of Clerk's webhooks, without any framework.
//!
//! Svix signs and sends Clerk's deliveries. Its signature scheme is that of [Standard Webhooks]: HMAC-SHA256
//! over `{message id}.{timestamp}.{body}`. The key is the base64-decoded text after `whsec_`. Each signature
//! is base64 in a list of `v1,...` entries. A delivery has three headers: `svix-id`, `svix-timestamp` and
//! `svix-signature`, or the same three named `webhook-*`.
//!
//! Only a [`Verifier`](crate::Verifier) makes a [`VerifiedDelivery`](crate::VerifiedDelivery). The layer,
//! the extractor and the adapters for other frameworks all use it. It works in two steps, so that you can
//! refuse a delivery before you read its body:
//!
//! 1. [`Verifier::check_headers`](crate::Verifier::check_headers) checks the headers: that they are present
//!    and well-formed, that the timestamp is within the tolerance, and that there is a well-formed
//!    signature.
//! 2. [`PendingVerification::finish`] takes the raw bytes of the body and compares signatures.
//!
//! This module is not async, writes no logs, and does not depend on tower.
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com

mod clock;
pub(crate) mod delivery;
pub(crate) mod environment;
pub(crate) mod error;
mod headers;
pub(crate) mod secret;
pub(crate) mod secret_error;
pub(crate) mod secrets;
mod signature;
pub(crate) mod verifier;

pub use self::{
    clock::{Clock, SystemClock},
    delivery::DeliveryParts,
    error::{VerifyError, VerifyErrorKind},
    secret_error::SecretErrorKind,
    secrets::{SecretUsage, SigningSecrets},
    verifier::PendingVerification,
};
