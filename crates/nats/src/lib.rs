//! Acknowledges [Clerk]'s webhooks at once and processes them later, on [NATS JetStream]: a durable [`queue`] for
//! [`clerk_webhooks`] that any number of servers and workers share.
//!
//! ```no_run
//! use axum::{Router, routing::post_service};
//! use clerk_webhooks::{
//!     ClerkEvent, ClerkWebhookLayer, WebhookError,
//!     queue::{Enqueue, EventContext, EventHandler},
//! };
//! use clerk_webhooks_nats::{Streams, migrate, open_nats, queue::Queue};
//!
//! async fn on_event(event: ClerkEvent, context: EventContext<()>) -> Result<(), WebhookError> {
//!     println!("{}, attempt {}", event.event_type().as_str(), context.attempt());
//!     Ok(())
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let streams = Streams::new(open_nats("nats://127.0.0.1:4222").await?);
//! migrate(&streams).await?; // makes the streams
//! let queue = Queue::new(&streams, "clerk").await?;
//! tokio::spawn(queue.worker(EventHandler::new((), on_event)).run());
//! let clerk = ClerkWebhookLayer::from_env()?;
//! let route = post_service(Enqueue::new(queue)).route_layer(clerk);
//! let app: Router = Router::new().route("/webhooks/clerk", route);
//! # let _ = app;
//! # Ok(())
//! # }
//! ```
//!
//! # What the server needs
//!
//! - **NATS 2.9 or newer, with JetStream**: `nats-server --jetstream`, or `jetstream {}` in its configuration.
//! - **`max_payload: 8MB`** in its configuration. The default of 1 MiB is less than a delivery can have: see
//!   [`Streams::with_max_body_bytes`].
//! - **Memory for the message ids**, which the server keeps for the [duplicate
//!   window](Streams::with_duplicate_window): some 350 bytes each.
//!
//! # What survives
//!
//! Nothing acknowledged was lost when we killed our processes and NATS with SIGKILL and started them again, while 2,000
//! events ran: with one server of version 2.9.10, and with three of 2.9.10 and of 2.10.27 and
//! [`with_replicas(3)`](Streams::with_replicas), one of which was killed at a time, and the next when it had caught up. Some
//! events ran to their end twice: with three servers of 2.9.10 these were 836, with 2.10.27 five. In 59 shorter runs with
//! three servers of 2.10.27, 171 were killed and none of 15,400 events was lost. When the next kill did not wait, 2.9.10 lost
//! 7 of 3,000 events, and 2.10.27 none of 900. **For three servers, use 2.10.27 or newer, and restart one only when all
//! replicas are current.**
//!
//! **JetStream acknowledges before it syncs to the disk**: by default it syncs every two minutes.
//!
//! | what happens | one server | three servers, `with_replicas(3)` |
//! |---|---|---|
//! | `kill -9` of your processes | nothing is lost: tested | nothing is lost: tested |
//! | `kill -9` of a server, and its restart | nothing is lost: tested | nothing is lost if the others had caught up: tested. Otherwise 2.9.10 lost events |
//! | two servers are down | - | nothing is acknowledged: tested |
//! | a power loss or a kernel crash, `sync_interval` at its default | up to two minutes of events are lost, by that default: not tested | not tested |
//! | the same, `sync_interval: always` (2.10 and newer) | nothing is lost, by its documentation: not tested | the same |
//! | the disk of a server is lost | everything is lost | nothing is lost, by its documentation: not tested |
//! | the network between the servers is cut | - | not tested |
//!
//! The sender does not retry an event that was acknowledged and then lost: resend it in the dashboard.
//!
//! Jepsen's [report on 2.12.1](https://jepsen.io/analyses/nats-2.12.1) saw acknowledged messages lost after power losses
//! and after damage to files. It also names a loss of whole streams after process crashes in 2.10.22, fixed in 2.10.23.
//!
//! # Which streams
//!
//! | stream | subject | what it holds |
//! |---|---|---|
//! | `clerk_queue` | `clerk_queue.QUEUE` | the events that are not done |
//! | `clerk_queue_failures` | `clerk_queue_failures.QUEUE.SEQUENCE` | how often a stored event has failed and crashed, and when it is due |
//! | `clerk_queue_dead` | `clerk_queue_dead.QUEUE.MESSAGE_ID` | the dead-lettered events |
//!
//! [`migrate`] makes the streams that are missing. It never changes one: you can make all of them yourself. A stream
//! whose settings would lose events is refused, with a message that names the setting and the command that fixes it.
//! Characters of a queue's name or a message id that a subject cannot have are written as `=` and two hexadecimal
//! digits.
//!
//! # TLS
//!
//! This crate uses async-nats without its default features. If your server requires TLS, enable a TLS feature in your
//! own program:
//!
//! ```toml
//! async-nats = { version = "0.51", default-features = false, features = ["ring"] } # or "aws-lc-rs"
//! ```
//!
//! # Versions
//!
//! The public API has types of the crate `async-nats`, re-exported as [`async_nats`]. A new breaking version of
//! `async-nats` means a new breaking version of this crate, not of `clerk-webhooks`.
//!
//! [Clerk]: https://clerk.com/docs/webhooks/overview
//! [NATS JetStream]: https://docs.nats.io/nats-concepts/jetstream

#![cfg_attr(docsrs, feature(doc_cfg))]
// No input may cause a panic. Tests may panic, and examples may print.
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

pub mod queue;

mod check;
mod error;
mod migrate;
mod open;
mod streams;
mod token;

pub use async_nats;

pub use self::{error::NatsError, migrate::migrate, open::open_nats, streams::Streams};

/// Compiles the README's code.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
