//! The verifying middleware: [`ClerkWebhookLayer`](crate::ClerkWebhookLayer) for any tower stack.
//!
//! # What a request goes through
//!
//! 1. Its headers are judged. If they are not in order, the refusal is answered at once and the body
//!    is never polled: a sender that waits for `100 Continue` is not invited to send it.
//! 2. A body that declares more than the limit is refused unread.
//! 3. The body is read under the limit. A body of one frame is not copied; several frames are copied
//!    once, into one growing buffer. Nothing is allocated for what a header merely claims, beyond
//!    64 KiB.
//! 4. The signature is verified over the raw bytes.
//! 5. Only now is the inner service asked whether it is ready, and called with a
//!    `Request<VerifiedBody>`, whose extensions also hold the [`Verified`](crate::Verified) delivery.
//!
//! # Late readiness
//!
//! The layer itself is always ready. It clones the inner service and drives the *clone* to readiness
//! after verification, so that unverified traffic never holds a permit of a `ConcurrencyLimit` or a slot
//! of a `Buffer` inside. The price: a `load_shed` *outside* this layer no longer sees that something
//! inside is busy; put it inside.
//!
//! # What it does not do
//!
//! There is no timer in it: a sender may take its time over the body. Put a whole-body deadline
//! outside, such as tower-http's `RequestBodyDeadlineLayer`, and a `ConcurrencyLimit`, whose number
//! times the body limit bounds the memory (times at most 3 while a chunked body grows).

pub(crate) mod body;
mod collect;
mod future;
#[expect(
    clippy::module_inception,
    reason = "the room's main thing bears its name"
)]
pub(crate) mod layer;
mod log;
mod service;

pub use self::{body::ResponseBody, future::ResponseFuture, service::ClerkWebhook};
