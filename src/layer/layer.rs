//! [`ClerkWebhookLayer`]: the configuration of the middleware.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

use super::{restyle::Restyle, service::ClerkWebhook};
use crate::{
    endpoint::endpoint::WebhookEndpoint,
    rejection::Rejection,
    verify::{secret_error::SecretError, verifier::Verifier},
};

/// Verifies Clerk's deliveries before the inner service sees them.
///
/// The inner service gets a `Request<`[`VerifiedBody`](crate::VerifiedBody)`>`. The outer request body can
/// be any [`http_body::Body`]. Cloning is cheap.
///
/// In axum, put the layer on the method route with `route_layer`. Other methods still get 405, other paths
/// 404:
///
/// ```
/// use axum::{Router, http::StatusCode, routing::post};
/// use clerk_webhooks::{ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent};
///
/// async fn on_event(event: VerifiedClerkEvent) -> StatusCode {
///     println!("{} {}", event.message_id(), event.event_type());
///     StatusCode::NO_CONTENT
/// }
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let clerk = ClerkWebhookLayer::new(secret);
/// let app: Router = Router::new().route("/webhooks/clerk", post(on_event).route_layer(clerk));
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is put on a service"]
pub struct ClerkWebhookLayer {
    endpoint: WebhookEndpoint,
    restyle: Restyle,
}

impl ClerkWebhookLayer {
    /// A layer that accepts a delivery only if `verifier` does and the body has at most 2 MiB. A
    /// [`SigningSecret`](crate::SigningSecret) converts into a verifier.
    ///
    /// ```
    /// use clerk_webhooks::{ClerkWebhookLayer, SigningSecret};
    ///
    /// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let clerk = ClerkWebhookLayer::new(secret);
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn new(verifier: impl Into<Verifier>) -> Self {
        Self {
            endpoint: WebhookEndpoint::new(verifier),
            restyle: Restyle::default(),
        }
    }

    /// A layer with the signing secrets from the environment, see [`Verifier::from_env`].
    ///
    /// # Errors
    ///
    /// When a secret is missing or invalid, see [`Verifier::from_env`]. Verification cannot be turned off.
    ///
    /// ```no_run
    /// let clerk = clerk_webhooks::ClerkWebhookLayer::from_env()?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn from_env() -> Result<Self, SecretError> {
        Verifier::from_env().map(Self::new)
    }

    /// A layer with the signing secrets from the environment variable `name`, see
    /// [`Verifier::from_env_var`].
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// ```no_run
    /// let acme = clerk_webhooks::ClerkWebhookLayer::from_env_var("ACME_CLERK_SECRET")?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn from_env_var(name: &str) -> Result<Self, SecretError> {
        Verifier::from_env_var(name).map(Self::new)
    }

    /// A layer with the signing secrets from the file that `CLERK_WEBHOOK_SIGNING_SECRET_FILE` names. The file
    /// is watched: new secrets apply without a restart. See
    /// [`SecretsFile`](crate::endpoint::SecretsFile).
    ///
    /// # Errors
    ///
    /// When the variable is not set, or the file cannot be read or has an entry that is not a signing
    /// secret.
    ///
    /// ```no_run
    /// let clerk = clerk_webhooks::ClerkWebhookLayer::from_env_file()?;
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn from_env_file() -> Result<Self, SecretError> {
        let endpoint = WebhookEndpoint::from_env_file()?;
        Ok(Self {
            endpoint,
            restyle: Restyle::default(),
        })
    }

    /// The largest accepted body in bytes: 2 MiB by default, which is the sender's own limit. A larger body
    /// gets a 413. If its declared length is over the limit, it is not read at all.
    ///
    /// axum's `DefaultBodyLimit` does not apply to this layer. A body limit of a middleware outside applies
    /// too.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::post};
    /// use clerk_webhooks::{ClerkWebhookLayer, SigningSecret, testing::SignedRequest};
    /// use tower::ServiceExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let clerk = ClerkWebhookLayer::new(secret.clone()).with_max_body_bytes(1_000);
    /// let app = Router::new().route("/", post(|| async {}).route_layer(clerk));
    /// let large = SignedRequest::new(&secret, vec![b' '; 1_001]).into_request::<Body>("/".parse()?);
    /// assert_eq!(app.oneshot(large).await?.status(), 413);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_max_body_bytes(mut self, max_body_bytes: usize) -> Self {
        self.endpoint = self.endpoint.with_max_body_bytes(max_body_bytes);
        self
    }

    /// How long a rotation may take until it is logged once a day at `warn`: 7 days by default. See
    /// [`WebhookEndpoint::with_longest_rotation`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # let secret = clerk_webhooks::SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let clerk = clerk_webhooks::ClerkWebhookLayer::new(secret)
    ///     .with_longest_rotation(Duration::from_secs(2 * 24 * 3600));
    /// # Ok::<(), clerk_webhooks::SecretError>(())
    /// ```
    pub fn with_longest_rotation(mut self, longest_rotation: Duration) -> Self {
        self.endpoint = self.endpoint.with_longest_rotation(longest_rotation);
        self
    }

    /// Sets the function that builds the response of every refusal, instead of [`Rejection::to_response`].
    ///
    /// It is called for refusals of this layer, and for refusals of the extractor, deduplication and queue
    /// inside it. Each rejection is logged before the call and put into the response's extensions after it.
    /// The response must not reveal anything that helps an attacker. A status of 2xx is replaced by the
    /// rejection's own: the sender would take it for success and not retry.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use clerk_webhooks::{ClerkWebhookLayer, Rejection};
    /// use http::Response;
    ///
    /// fn as_json(rejection: &Rejection) -> Response<Bytes> {
    ///     let body = format!(r#"{{"error": "{}"}}"#, rejection.body_text());
    ///     let mut response = rejection.to_response::<Bytes>().map(|_| Bytes::from(body));
    ///     let json = http::HeaderValue::from_static("application/json");
    ///     response.headers_mut().insert("content-type", json);
    ///     response
    /// }
    ///
    /// # fn layer(clerk: ClerkWebhookLayer) -> ClerkWebhookLayer {
    /// clerk.with_rejection_response(as_json)
    /// # }
    /// ```
    pub fn with_rejection_response<F>(mut self, respond: F) -> Self
    where
        F: Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
    {
        self.restyle = Restyle::new(respond);
        self
    }
}

impl<S> Layer<S> for ClerkWebhookLayer {
    type Service = ClerkWebhook<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClerkWebhook::new(inner, self.endpoint.clone(), self.restyle.clone())
    }
}
