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
//!    `Request<VerifiedBody>`, whose extensions also hold the [`VerifiedDelivery`](crate::VerifiedDelivery) delivery.
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
//! outside, such as tower-http's `RequestBodyDeadlineLayer`, and tower's `GlobalConcurrencyLimitLayer`,
//! whose number times the body limit bounds the memory for bodies (times at most 3 while a body of
//! several frames grows). Not the plain `ConcurrencyLimitLayer`: axum makes a route's layers anew for
//! each connection, and each would count by itself.
//!
//! # Where the compiler needs a line
//!
//! The usual middleware of tower, tower-http and axum goes outside and inside of this layer as it is,
//! wherever axum and hyper take one (`tests/it/composition.rs` has the whole table). axum boxes the bodies
//! between two calls of its `route_layer` or `layer`; where neighbours stand in *one* `ServiceBuilder`,
//! or `axum::serve` is the neighbour, the few below need one line of tower-http's `ServiceBuilderExt`
//! (features `util`, `map-request-body`, `map-response-body`).
//!
//! **`axum::middleware::from_fn` and `map_request` directly inside** take axum's request body only:
//!
//! ```compile_fail,E0277
//! # use axum::{Router, middleware::from_fn, routing::post};
//! # use tower::ServiceBuilder;
//! # use tower_http::ServiceBuilderExt as _;
//! # async fn pass(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
//! #     next.run(request).await
//! # }
//! # async fn on_event(_: clerk_webhooks::VerifiedClerkEvent) {}
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let stack = ServiceBuilder::new()
//!     .layer(clerk)
//!     .layer(from_fn(pass));
//! let app: Router = Router::new().route("/webhooks/clerk", post(on_event).route_layer(stack));
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```
//!
//! ```no_run
//! # use axum::{Router, middleware::from_fn, routing::post};
//! # use tower::ServiceBuilder;
//! # use tower_http::ServiceBuilderExt as _;
//! # async fn pass(request: axum::extract::Request, next: axum::middleware::Next) -> axum::response::Response {
//! #     next.run(request).await
//! # }
//! # async fn on_event(_: clerk_webhooks::VerifiedClerkEvent) {}
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let stack = ServiceBuilder::new()
//!     .layer(clerk)
//!     .map_request_body(axum::body::Body::new) // the line
//!     .layer(from_fn(pass));
//! let app: Router = Router::new().route("/webhooks/clerk", post(on_event).route_layer(stack));
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```
//!
//! Or each in a `.route_layer` of its own: `post(on_event).route_layer(from_fn(pass)).route_layer(clerk)`.
//!
//! **A boxed service inside** that was boxed for axum's request body:
//!
//! ```compile_fail,E0277
//! # use std::convert::Infallible;
//! # use axum::{body::Body, extract::Request, response::Response, Router};
//! # use tower::{ServiceBuilder, util::BoxCloneSyncService};
//! # use tower_http::ServiceBuilderExt as _;
//! # fn mount(boxed: BoxCloneSyncService<Request, Response, Infallible>) -> Result<Router, clerk_webhooks::SecretError> {
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let service = ServiceBuilder::new()
//!     .layer(clerk)
//!     .service(boxed);
//! # Ok(Router::new().route_service("/webhooks/clerk", service))
//! # }
//! ```
//!
//! ```no_run
//! # use std::convert::Infallible;
//! # use axum::{body::Body, extract::Request, response::Response, Router};
//! # use tower::{ServiceBuilder, util::BoxCloneSyncService};
//! # use tower_http::ServiceBuilderExt as _;
//! # fn mount(boxed: BoxCloneSyncService<Request, Response, Infallible>) -> Result<Router, clerk_webhooks::SecretError> {
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let service = ServiceBuilder::new()
//!     .layer(clerk)
//!     .map_request_body(Body::new) // the line
//!     .service(boxed);
//! # Ok(Router::new().route_service("/webhooks/clerk", service))
//! # }
//! ```
//!
//! **`axum::middleware::map_response` directly outside**, when its function takes axum's response:
//!
//! ```compile_fail,E0277
//! # use axum::{Router, body::Body, middleware::map_response, response::Response, routing::post};
//! # use tower::ServiceBuilder;
//! # use tower_http::ServiceBuilderExt as _;
//! # async fn restyle(response: Response) -> Response { response }
//! # async fn on_event(_: clerk_webhooks::VerifiedClerkEvent) {}
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let stack = ServiceBuilder::new()
//!     .layer(map_response(restyle))
//!     .layer(clerk);
//! let app: Router = Router::new().route("/webhooks/clerk", post(on_event).route_layer(stack));
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```
//!
//! ```no_run
//! # use axum::{Router, body::Body, middleware::map_response, response::Response, routing::post};
//! # use tower::ServiceBuilder;
//! # use tower_http::ServiceBuilderExt as _;
//! # async fn restyle(response: Response) -> Response { response }
//! # async fn on_event(_: clerk_webhooks::VerifiedClerkEvent) {}
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let stack = ServiceBuilder::new()
//!     .layer(map_response(restyle))
//!     .map_response_body(Body::new) // the line
//!     .layer(clerk);
//! let app: Router = Router::new().route("/webhooks/clerk", post(on_event).route_layer(stack));
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```
//!
//! Or `post(on_event).route_layer(clerk).route_layer(map_response(restyle))`.
//!
//! **A whole `Router` inside, given to `axum::serve`**, which takes no other response body than axum's
//! own, and a make-service, of which `tower::make::Shared` needs no type annotation:
//!
//! ```compile_fail,E0271
//! # use axum::{Router, body::Body};
//! # use tower::{ServiceBuilder, make::Shared};
//! # use tower_http::ServiceBuilderExt as _;
//! # async fn serve(listener: tokio::net::TcpListener, router: Router) -> Result<(), Box<dyn std::error::Error>> {
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let app = ServiceBuilder::new()
//!     .layer(clerk)
//!     .service(router);
//! axum::serve(listener, Shared::new(app)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! ```no_run
//! # use axum::{Router, body::Body};
//! # use tower::{ServiceBuilder, make::Shared};
//! # use tower_http::ServiceBuilderExt as _;
//! # async fn serve(listener: tokio::net::TcpListener, router: Router) -> Result<(), Box<dyn std::error::Error>> {
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let app = ServiceBuilder::new()
//!     .map_response_body(Body::new) // the line
//!     .layer(clerk)
//!     .service(router);
//! axum::serve(listener, Shared::new(app)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! **Two calls of `MethodRouter::layer` in a row**, whatever the layers, leave axum without the error type
//! of the first:
//!
//! ```compile_fail,E0283
//! # use axum::{Router, routing::post};
//! # use tower_http::trace::TraceLayer;
//! # async fn on_event(_: clerk_webhooks::VerifiedClerkEvent) {}
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let route = post(on_event).layer(clerk).layer(TraceLayer::new_for_http());
//! let app: Router = Router::new().route("/webhooks/clerk", route);
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```
//!
//! ```no_run
//! # use axum::{Router, routing::post};
//! # use tower_http::trace::TraceLayer;
//! # async fn on_event(_: clerk_webhooks::VerifiedClerkEvent) {}
//! # let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
//! let route = post(on_event).route_layer(clerk).route_layer(TraceLayer::new_for_http());
//! let app: Router = Router::new().route("/webhooks/clerk", route);
//! # Ok::<(), clerk_webhooks::SecretError>(())
//! ```

pub(crate) mod body;
mod collect;
mod future;
#[expect(
    clippy::module_inception,
    reason = "the room's main thing bears its name"
)]
pub(crate) mod layer;
mod log;
mod refusals;
mod service;

pub use self::{future::ResponseFuture, service::ClerkWebhook};
pub use crate::response::body::ResponseBody;
