//! Receive [Clerk]'s webhooks in [Rocket]: the data guard [`VerifiedClerkEvent`] verifies a delivery and gives
//! your handler the event.
//!
//! ```no_run
//! use clerk_webhooks_rocket::{
//!     ClerkWebhookFairing, EventData, VerifiedClerkEvent, WebhookEndpoint, WebhookError,
//! };
//! use rocket::{http::Status, launch, post, routes};
//!
//! #[post("/webhooks/clerk", data = "<event>")]
//! async fn on_event(event: VerifiedClerkEvent) -> Result<Status, WebhookError> {
//!     match &event.data {
//!         EventData::UserCreated(user) => println!("welcome, {}", user.id),
//!         _ => {} // acknowledge whatever else the endpoint is subscribed to
//!     }
//!     Ok(Status::NoContent)
//! }
//!
//! #[launch]
//! fn rocket() -> _ {
//!     let clerk = WebhookEndpoint::from_env().expect("the signing secret");
//!     rocket::build()
//!         .attach(ClerkWebhookFairing::at("/webhooks/clerk", clerk))
//!         .mount("/", routes![on_event])
//! }
//! ```
//!
//! - The fairing gives the path its endpoint: the signing secrets and the body limit. Rocket does not launch without
//!   it. On a path that it is not attached to, every delivery is answered 500, and the log says what to add.
//! - The headers are checked before the body is read. Rocket's own data limits do not apply: the limit is
//!   [`WebhookEndpoint::with_max_body_bytes`].
//!
//! # What to know
//!
//! - **One data guard.** A Rocket handler has one `data` argument. The event is that argument; it has the body
//!   ([`raw_body`](clerk_webhooks::VerifiedClerkEvent::raw_body)). Request guards run before it.
//! - **Do not take `Option<VerifiedClerkEvent>`.** Rocket makes every data guard optional: your handler would run
//!   with `None` for a forged request. To handle refusals yourself, take `Result<VerifiedClerkEvent, Rejection>`
//!   and return the rejection, which is a responder.
//! - **Header values that are not UTF-8** do not exist for Rocket: it drops them. A delivery with such a value in
//!   a signature header counts as a delivery without that header.
//!
//! Everything else, such as the events and the rotation of secrets, is in the documentation of
//! [`clerk_webhooks`].
//!
//! [Clerk]: https://clerk.com/docs/webhooks/overview
//! [Rocket]: https://rocket.rs

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
mod fairing;
mod rejection;
mod response;

pub use clerk_webhooks::{ClerkEvent, EventData, WebhookEndpoint};

pub use self::{
    error::WebhookError, event::VerifiedClerkEvent, fairing::ClerkWebhookFairing,
    rejection::Rejection,
};

/// Compiles the README's code.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
