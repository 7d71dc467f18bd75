//! Receive [Clerk]'s webhooks in [Poem]: the extractor [`VerifiedClerkEvent`] verifies a delivery and gives your
//! handler the event.
//!
//! ```no_run
//! use clerk_webhooks_poem::{EventData, VerifiedClerkEvent, WebhookEndpoint, WebhookError};
//! use poem::{EndpointExt as _, Route, Server, handler, http::StatusCode, listener::TcpListener, post};
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
//! let clerk = WebhookEndpoint::from_env()?;
//! let app = Route::new().at("/webhooks/clerk", post(on_event).data(clerk));
//! Server::new(TcpListener::bind("127.0.0.1:3000")).run(app).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - `data` gives the route the endpoint's settings: the signing secrets and the body limit. Without it, every
//!   delivery is answered 500, and the log says what to add.
//! - The headers are checked before the body is read. Poem's `SizeLimit` is not needed: the limit is
//!   [`WebhookEndpoint::with_max_body_bytes`].
//!
//! # What to know
//!
//! - **One extractor takes the body.** Poem's extractors that take the body, such as `Json`, `String` and `Body`,
//!   cannot be in the same handler. You do not need them: the event has the body
//!   ([`raw_body`](clerk_webhooks::VerifiedClerkEvent::raw_body)). If one of them comes first, the delivery is
//!   answered 400 and the log says that the body is gone.
//! - **Do not take `Option<VerifiedClerkEvent>`.** Poem makes every extractor optional: your handler would run with
//!   `None` for a forged request. To handle refusals yourself, take `poem::Result<VerifiedClerkEvent>`: its error
//!   has a [`Rejection`] (`error.downcast_ref::<Rejection>()`).
//! - Middleware that logs errors sees the [`Rejection`]'s reason, which never goes to the sender.
//!
//! Everything else, such as the events and the rotation of secrets, is in the documentation of
//! [`clerk_webhooks`].
//!
//! [Clerk]: https://clerk.com/docs/webhooks/overview
//! [Poem]: https://docs.rs/poem

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
mod response;

pub use clerk_webhooks::{ClerkEvent, EventData, WebhookEndpoint};

pub use self::{error::WebhookError, event::VerifiedClerkEvent, rejection::Rejection};

/// Compiles the README's code.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
