//! Receive [Clerk]'s webhooks in [Salvo]: a hoop verifies deliveries, and an extractor gives your handler the event.
//!
//! ```no_run
//! use clerk_webhooks_salvo::{ClerkWebhookHoop, EventData, VerifiedClerkEvent, WebhookError};
//! use salvo::prelude::*;
//!
//! #[handler]
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
//! let clerk = ClerkWebhookHoop::from_env()?;
//! let router = Router::with_path("webhooks/clerk").hoop(clerk).post(on_event);
//! Server::new(TcpListener::new("127.0.0.1:3000").bind().await).serve(router).await;
//! # Ok(())
//! # }
//! ```
//!
//! - The hoop has the endpoint's settings: the signing secrets and the body limit. Without it, every delivery is
//!   answered 500, and the log says what to add.
//! - The headers are checked before the body is read. Salvo's `SecureMaxSize` does not apply: the limit is
//!   [`WebhookEndpoint::with_max_body_bytes`].
//!
//! # What to know
//!
//! - **The hoop reads the body.** A hoop before it that takes the body (`take_body`, `payload`) leaves nothing to
//!   verify: the delivery is refused. Behind it the body is there again; you rarely need it, since the event has it
//!   ([`raw_body`](clerk_webhooks::VerifiedClerkEvent::raw_body)).
//! - **Put the hoop on the router of this route.** On a router with more routes it verifies requests to all of them.
//! - A handler without the extractor is protected too: it runs for verified deliveries only.
//!
//! Everything else, such as the events and the rotation of secrets, is in the documentation of
//! [`clerk_webhooks`].
//!
//! [Clerk]: https://clerk.com/docs/webhooks/overview
//! [Salvo]: https://salvo.rs

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
mod hoop;
mod rejection;
mod response;

pub use clerk_webhooks::{ClerkEvent, EventData, WebhookEndpoint};

pub use self::{
    error::WebhookError, event::VerifiedClerkEvent, hoop::ClerkWebhookHoop, rejection::Rejection,
};

/// Compiles the README's code.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
