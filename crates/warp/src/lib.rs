//! Receive [Clerk]'s webhooks in [Warp]: the filter [`clerk_event`] verifies a delivery and extracts the event.
//!
//! ```no_run
//! use clerk_webhooks_warp::{
//!     EventData, VerifiedClerkEvent, WebhookEndpoint, WebhookError, answer_refusals, clerk_event,
//! };
//! use warp::{Filter as _, http::StatusCode};
//!
//! async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
//!     match &event.data {
//!         EventData::UserCreated(user) => println!("welcome, {}", user.id),
//!         _ => {} // acknowledge whatever else the endpoint is subscribed to
//!     }
//!     Ok(StatusCode::NO_CONTENT)
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let webhook = warp::path!("webhooks" / "clerk")
//!     .and(warp::post())
//!     .and(clerk_event(WebhookEndpoint::from_env()?))
//!     .then(on_event)
//!     .recover(answer_refusals);
//! warp::serve(webhook).run(([127, 0, 0, 1], 3000)).await;
//! # Ok(())
//! # }
//! ```
//!
//! The headers are checked before the body is read. `warp::body::content_length_limit` is not needed: the limit is
//! [`WebhookEndpoint::with_max_body_bytes`].
//!
//! # What to know
//!
//! - **Put `recover` on this route, before `or`.** A refusal is a rejection, and Warp tries the next route after a
//!   rejection: with `webhook.or(everything_else)` and no `recover` in between, a catch-all route answers the
//!   refused delivery, perhaps with 200. With no `recover` at all, Warp answers 500.
//! - **Put `clerk_event` last.** It takes the body. A filter behind it that rejects makes Warp try the next route,
//!   which finds no body. Another body filter in the same route rejects with 500. You do not need one: the event has
//!   the body ([`raw_body`](VerifiedClerkEvent::raw_body)).
//! - `clerk_event(..).or(..)` and `warp::any().map(..)` fallbacks after it may run for unverified requests, without
//!   the event.
//!
//! Everything else, such as the events and the rotation of secrets, is in the documentation of
//! [`clerk_webhooks`].
//!
//! [Clerk]: https://clerk.com/docs/webhooks/overview
//! [Warp]: https://docs.rs/warp

// No input may cause a panic. Tests may panic.
#![cfg_attr(
    not(test),
    warn(
        clippy::dbg_macro,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used,
    )
)]

mod error;
mod event;
mod rejection;

pub use clerk_webhooks::{ClerkEvent, EventData, VerifiedClerkEvent, WebhookEndpoint};

pub use self::{
    error::WebhookError,
    event::clerk_event,
    rejection::{Rejection, answer_refusals},
};

/// Compiles the README's code.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
