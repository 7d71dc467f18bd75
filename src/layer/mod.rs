//! [`ClerkWebhookLayer`](crate::ClerkWebhookLayer): the verifying middleware, for any tower stack.
//!
//! # Steps of a request
//!
//! 1. The headers are checked. If a check fails, the delivery is refused at once and the body is never
//!    polled: the server does not send `100 Continue` to a sender that waits for it.
//! 2. A body whose declared length is over the limit is refused without being read.
//! 3. The body is read up to the limit. Large frames are kept, small ones are copied together. At most 64 KiB
//!    are allocated because of a declared length.
//! 4. The signature is verified over the raw bytes. Then several frames are joined; a single frame is never
//!    copied.
//! 5. The inner service is polled for readiness and called with a `Request<VerifiedBody>`, whose extensions
//!    also hold the [`VerifiedDelivery`](crate::VerifiedDelivery).
//!
//! # Late readiness
//!
//! The layer itself is always ready. It clones the inner service and drives the *clone* to readiness after
//! verification. Unverified requests therefore never hold a permit of a `ConcurrencyLimit` or a slot of a
//! `Buffer` inside. The drawback: a `load_shed` *outside* this layer does not see that a service inside is
//! busy. Put it inside.
//!
//! # Slow senders and memory
//!
//! The layer has no timeout: a sender can send the body as slowly as it likes. Put a deadline for the whole
//! body outside, such as tower-http's `RequestBodyDeadlineLayer`.
//!
//! The layer does not limit how many bodies are read at once. Put tower's `GlobalConcurrencyLimitLayer`
//! outside. The memory for bodies is at most its limit times the body limit, twice that while a verified body
//! of several frames is joined, plus the server's own read buffers. Do not use the plain `ConcurrencyLimitLayer` for this: axum applies a route's layers
//! again for each connection, and each of them would count separately.
//!
//! # When the compiler needs one more line
//!
//! Middleware of tower, tower-http and axum works inside and outside this layer without type annotations.
//! The exceptions are direct neighbours in *one* `ServiceBuilder` that take axum's own body types. They need
//! one line from tower-http's `ServiceBuilderExt` (features `util`, `map-request-body`,
//! `map-response-body`):
//!
//! | neighbour in one `ServiceBuilder` | line between neighbour and layer |
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
//! Or add each middleware with its own `.route_layer`, which does not need that line:
//! `post(on_event).route_layer(from_fn(pass)).route_layer(clerk)`.
//!
//! In axum, two calls of `MethodRouter::layer` in a row do not compile with any layers (E0283). Use
//! `route_layer`.

pub(crate) mod body;
mod collect;
#[cfg(any(feature = "axum", feature = "idempotency", feature = "queue"))]
pub(crate) mod delivery;
mod future;
#[expect(
    clippy::module_inception,
    reason = "the module's main type has its name"
)]
pub(crate) mod layer;
mod restyle;
mod service;
mod span;

pub use self::{future::ResponseFuture, service::ClerkWebhook};
pub use crate::response::body::ResponseBody;
