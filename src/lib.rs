//! Receive Clerk's webhooks.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod event;
pub mod layer;
#[cfg(feature = "testing")]
pub mod testing;
pub mod verify;

mod error;
mod extract;
mod rejection;

pub use self::{
    error::WebhookError,
    event::{ClerkEvent, EventData, EventType, RawClerkEvent},
    extract::VerifiedClerkEvent,
    layer::{ClerkWebhookLayer, VerifiedBody},
    rejection::{Rejection, RejectionKind},
    verify::{SigningSecret, Verified, Verifier},
};
