//! [`ClerkWebhookLayer`](crate::ClerkWebhookLayer): the verifying middleware, for any tower stack.
//!
//! # What a request goes through
//!
//! 1. Its headers are checked. If they are wrong, the refusal is answered at once and the body is never
//!    polled: a sender that waits for `100 Continue` is not invited to send it.
//! 2. A body whose declared length is over the limit is refused without being read.
//! 3. The body is read under the limit. A body of one frame is not copied. Several frames are copied once,
//!    into one growing buffer. A declared length allocates at most 64 KiB.
//! 4. The signature is verified over the raw bytes.
//! 5. The inner service is polled for readiness and called with a `Request<VerifiedBody>`, whose extensions
//!    also hold the [`VerifiedDelivery`](crate::VerifiedDelivery).
//!
//! # Late readiness
//!
//! The layer itself is always ready. It clones the inner service and drives the *clone* to readiness after
//! verification. Unverified traffic therefore never holds a permit of a `ConcurrencyLimit` or a slot of a
//! `Buffer` inside. The price: a `load_shed` *outside* this layer does not see that something inside is busy.
//! Put it inside.
//!
//! # Slow senders and memory
//!
//! The layer has no timer: a sender may take any time over the body. Put a whole-body deadline outside, such
//! as tower-http's `RequestBodyDeadlineLayer`.
//!
//! The layer does not limit how many bodies are read at once. Put tower's `GlobalConcurrencyLimitLayer`
//! outside: its number times the body limit bounds the memory for bodies, times at most 3 while a body of
//! several frames grows. Do not use the plain `ConcurrencyLimitLayer` for this. axum makes a route's layers
//! anew for each connection, and each of them would count by itself.
//!
//! # Where the compiler needs one more line
//!
//! Middleware of tower, tower-http and axum goes inside and outside this layer without type annotations. The
//! exceptions are neighbours in *one* `ServiceBuilder` that take axum's own bodies. They need a line of
//! tower-http's `ServiceBuilderExt` (features `util`, `map-request-body`, `map-response-body`):
//!
//! | neighbour in one `ServiceBuilder` | line between the two |
//! |---|---|
//! | `axum::middleware::from_fn` or `map_request` directly inside | `.map_request_body(Body::new)` |
//! | a boxed service for axum's request directly inside | `.map_request_body(Body::new)` |
//! | `axum::middleware::map_response` directly outside | `.map_response_body(Body::new)` |
//! | `axum::serve` outside, a whole `Router` inside | `.map_response_body(Body::new)`, and `tower::make::Shared` |
//!
//! ```no_run
//! use axum::{Router, body::Body, middleware::from_fn, routing::post};
//! use tower::ServiceBuilder;
//! use tower_http::ServiceBuilderExt as _;
//!
//! # async fn pass(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
//! #     next.run(request).await
//! # }
//! # async fn on_event(_: clerk_webhooks::VerifiedClerkEvent) {}
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let stack = ServiceBuilder::new()
//!     .layer(clerk)
//!     .map_request_body(Body::new) // the line
//!     .layer(from_fn(pass));
//! let app: Router = Router::new().route("/webhooks/clerk", post(on_event).route_layer(stack));
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```
//!
//! Or give each middleware a `.route_layer` of its own, which needs no line:
//! `post(on_event).route_layer(from_fn(pass)).route_layer(clerk)`.
//!
//! Two calls of `MethodRouter::layer` in a row do not compile in axum, whatever the layers (E0283). Use
//! `route_layer`.

pub(crate) mod body;
mod collect;
mod future;
#[expect(
    clippy::module_inception,
    reason = "the module's main type has its name"
)]
pub(crate) mod layer;
mod log;
mod refusals;
mod service;

pub use self::{future::ResponseFuture, service::ClerkWebhook};
pub use crate::response::body::ResponseBody;
