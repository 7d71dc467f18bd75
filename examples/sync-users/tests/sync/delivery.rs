//! Signed deliveries through the whole router.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::StatusCode,
};
use clerk_webhooks::{SigningSecret, Verifier, testing::SignedRequest};
use example_sync_users::{Database, ROUTE, router};
use tower::ServiceExt as _;

/// The service, and the only one who can sign for it.
#[derive(Clone)]
pub(crate) struct Endpoint {
    router: Router,
    secret: SigningSecret,
}

impl Endpoint {
    pub(crate) fn new(database: Database) -> Self {
        let secret = SigningSecret::parse("whsec_dGhlIHNlY3JldCBvZiB0aGVzZSB0ZXN0cw==").unwrap();
        let router = router(database, Verifier::new(secret.clone()));
        Self { router, secret }
    }

    /// Status and text of the answer.
    pub(crate) async fn deliver(&self, message_id: &str, body: String) -> (StatusCode, String) {
        let request = SignedRequest::new(&self.secret, body)
            .with_message_id(message_id)
            .into_request::<Body>(ROUTE.parse().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let text = to_bytes(response.into_body(), 100).await.unwrap();
        (status, String::from_utf8(text.to_vec()).unwrap())
    }
}
