//! The "before" of the guide compiles and does what the guide says, beside our "after".

#[path = "readme/handler_with_svix.rs"]
mod before;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::post,
};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent, testing::SignedRequest,
};
use tower::ServiceExt as _;

#[test]
fn the_guide_shows_exactly_this_handler() {
    let shown = include_str!("readme/handler_with_svix.rs").replace("pub(crate) ", "");
    let page = include_str!("../../docs/coming-from-svix.md");
    assert!(page.contains(&format!("```rs\n{shown}```\n")));
}

/// Both handlers read the same variable; the test runs itself again with it set.
#[test]
fn before_and_after_answer_alike() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    if std::env::var("CLERK_WEBHOOK_SIGNING_SECRET").as_deref() == Ok(SECRET) {
        return tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(compare(SECRET));
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "before_and_after_answer_alike"])
        .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
        .status();
    assert!(status.unwrap().success());
}

async fn compare(secret: &str) {
    let after = |_: VerifiedClerkEvent| async { StatusCode::NO_CONTENT };
    let clerk = ClerkWebhookLayer::from_env().unwrap();
    let app = Router::new()
        .route("/before", post(before::on_event))
        .route("/after", post(after).route_layer(clerk));

    let secret = SigningSecret::parse(secret).unwrap();
    let event = r#"{"type":"user.created","data":{"id":"user_1"}}"#;
    let genuine = SignedRequest::new(&secret, event);
    let stale = genuine.clone().with_sent_at(UNIX_EPOCH);
    let early = genuine
        .clone()
        .with_sent_at(SystemTime::now() + std::time::Duration::from_secs(600));
    let forged = genuine
        .clone()
        .unsigned()
        .with_wrong_signature("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    for (request, status) in [(genuine, 204), (stale, 400), (early, 400), (forged, 400)] {
        for path in ["/before", "/after"] {
            let request: Request<Body> = request.clone().into_request(path.parse().unwrap());
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{path}");
        }
    }
}
