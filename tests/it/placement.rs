//! What `docs/wiring.md` says of each place for the layer: what requests get that are not webhooks.

use axum::{
    Router,
    body::Body,
    http::Request,
    routing::{get, post},
};
use clerk_webhooks::{ClerkWebhookLayer, SigningSecret, VerifiedClerkEvent};
use tower::ServiceExt as _;

const PAGE: &str = include_str!("../../docs/wiring.md");

fn clerk() -> ClerkWebhookLayer {
    let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    ClerkWebhookLayer::new(secret)
}

async fn on_event(_: VerifiedClerkEvent) {}

/// The answers to a GET on the webhook's path, on an unknown path and on another route.
async fn answers(app: Router) -> [u16; 3] {
    let answer = async |path| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        app.clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    [
        answer("/webhooks/clerk").await,
        answer("/unknown").await,
        answer("/other").await,
    ]
}

#[tokio::test]
async fn other_requests_are_answered_as_the_guide_says() {
    let other = || Router::new().route("/other", get(async || "another route"));
    let webhook = |route| other().route("/webhooks/clerk", route);
    for (place, app, [on_path, unknown, on_other]) in [
        (
            "post(handler).route_layer(clerk)",
            webhook(post(on_event).route_layer(clerk())),
            [405, 404, 200],
        ),
        (
            "post(handler).layer(clerk)",
            webhook(post(on_event).layer(clerk())),
            [400, 404, 200],
        ),
        (
            "Router::route_layer(clerk)",
            webhook(post(on_event)).route_layer(clerk()),
            [400, 404, 400],
        ),
        (
            "Router::layer(clerk)",
            webhook(post(on_event)).layer(clerk()),
            [400, 400, 400],
        ),
    ] {
        assert_eq!(answers(app).await, [on_path, unknown, on_other], "{place}");
        let others = match on_other {
            200 => "work",
            _ => "**all answer 400**",
        };
        let row = format!("| `{place}` | {on_path} | {unknown} | {others} ");
        assert!(PAGE.contains(&row), "the page lacks {row}");
    }
}
