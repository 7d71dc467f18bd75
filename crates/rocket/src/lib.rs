#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may cause a panic.
#![cfg_attr(
    not(test),
    warn(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
    )
)]

mod error;
mod event;
mod fairing;
mod rejection;
mod response;

pub use clerk_webhooks::WebhookEndpoint;

pub use self::{
    error::WebhookError, event::VerifiedClerkEvent, fairing::ClerkWebhookFairing,
    rejection::Rejection,
};
