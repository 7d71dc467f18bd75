//! A sender that behaves like Svix, as far as we observed it.
//!
//! | what | how |
//! |---|---|
//! | request | HTTP/1.1 over kept-alive connections, the svix headers in random order and mixed case |
//! | signature | fresh at each attempt, to the whole second |
//! | success | the head of a 2xx answer within the [time limit](Sender::with_time_limit) |
//! | retries | after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h, each ±20 %, by the [`Schedule`] |
//! | `Retry-After` | clamped to 1 to 2 times the scheduled delay, then ±20 % |
//! | timeout | the next attempt comes after at least 60 s, ±20 % |
//! | connection that breaks before an answer within 1 s | the same bytes again at once, once an attempt |
//! | `webhook-delivery: abort-message` | ends the delivery, unless [ignored](Sender::ignoring_abort) |
//! | [`Redelivery`] | the same message again, while the first delivery runs and after it was accepted |
//! | several [endpoints](Sender::with_endpoint) | all of them get each message, under the same id |
//! | several [targets](Sender::with_target) | each request goes to a random one, as behind a balancer |
//!
//! The schedule is scaled down. The time limit and the 1 s of the immediate re-send are not, since handlers and networks
//! do not run faster in a test.
//!
//! ```no_run
//! use clerk_webhooks_testbed::{
//!     seed_from_env,
//!     sender::{Endpoint, Message, Sender},
//! };
//!
//! # async fn example() -> Result<(), clerk_webhooks_testbed::Error> {
//! let seed = seed_from_env("CHAOS_SEED")?;
//! println!("CHAOS_SEED={seed}");
//! let endpoint = Endpoint::new("/webhooks/clerk", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let sender = Sender::new(seed, "127.0.0.1:3000".parse()?, endpoint);
//! let messages = Message::several(seed, 200, |n| {
//!     format!(r#"{{"type":"user.deleted","data":{{"id":"user_{n}"}}}}"#)
//! });
//! let report = sender.deliver(messages).await;
//! assert!(report.not_delivered().next().is_none(), "{report}");
//! # Ok(())
//! # }
//! ```

mod attempt;
mod endpoint;
mod exchange;
mod in_flight;
mod message;
mod redelivery;
mod report;
mod request;
mod response;
mod run;
mod schedule;
#[expect(
    clippy::module_inception,
    reason = "the sender is what this folder is about"
)]
mod sender;
mod signer;

pub use self::{
    endpoint::Endpoint,
    in_flight::InFlight,
    message::Message,
    redelivery::Redelivery,
    report::{Attempt, Delivery, Exchange, Outcome, Report, RetryAfter, Verdict},
    schedule::Schedule,
    sender::Sender,
};
