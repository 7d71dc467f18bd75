//! The layer: configuration, and the service it makes.

use tower_layer::Layer;

use super::service::ClerkWebhook;
use crate::verify::{SecretError, verifier::Verifier};

/// 2 MiB, the most that Svix' own API takes for a message.
const DEFAULT_MAX_BODY_BYTES: usize = 2_097_152;

/// Verifies Clerk's deliveries before the inner service sees them.
///
/// The inner service gets a `Request<`[`VerifiedBody`](crate::VerifiedBody)`>`; the outer body may be
/// any [`http_body::Body`]. Cheap to clone.
///
/// In axum put it on the method route, with `route_layer`, so that another method is still answered
/// 405 and another path 404:
///
/// ```
/// use axum::{Router, http::StatusCode, routing::post};
/// use clerk_webhooks::{ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent, Verifier};
///
/// async fn on_event(event: VerifiedClerkEvent) -> StatusCode {
///     println!("{} {}", event.message_id(), event.event_type());
///     StatusCode::NO_CONTENT
/// }
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let clerk = ClerkWebhookLayer::new(Verifier::new(secret));
/// let app: Router = Router::new().route("/webhooks/clerk", post(on_event).route_layer(clerk));
/// # Ok::<(), clerk_webhooks::verify::SecretError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is put on a service"]
pub struct ClerkWebhookLayer {
    verifier: Verifier,
    max_body_bytes: usize,
}

impl ClerkWebhookLayer {
    /// A layer that lets through what `verifier` accepts, with a body of at most 2 MiB.
    pub fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
        }
    }

    /// A layer with the secrets of the environment, see [`Verifier::from_env`].
    ///
    /// # Errors
    ///
    /// When the environment holds no usable secret. Nothing in it can switch verification off.
    ///
    /// ```no_run
    /// let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
    /// # Ok::<(), clerk_webhooks::verify::SecretError>(())
    /// ```
    pub fn from_env() -> Result<Self, SecretError> {
        Verifier::from_env().map(Self::new)
    }

    /// A layer with the secrets of the environment variable `name`, see [`Verifier::from_env_var`].
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// ```no_run
    /// let acme = clerk_webhooks::ClerkWebhookLayer::from_env_var("ACME_CLERK_SECRET")?;
    /// # Ok::<(), clerk_webhooks::verify::SecretError>(())
    /// ```
    pub fn from_env_var(name: &str) -> Result<Self, SecretError> {
        Verifier::from_env_var(name).map(Self::new)
    }

    /// The longest body that is accepted: 2 MiB unless set, which is the sender's own limit. A longer
    /// one is answered 413, unread if it declared its length.
    ///
    /// This is the only body limit that counts: axum's `DefaultBodyLimit` does not apply.
    pub fn with_max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        self.max_body_bytes = max_body_bytes;
        self
    }
}

impl<S> Layer<S> for ClerkWebhookLayer {
    type Service = ClerkWebhook<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClerkWebhook::new(inner, self.verifier.clone(), self.max_body_bytes)
    }
}
