use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;
use svix::webhooks::Webhook;

pub(crate) async fn on_event(headers: HeaderMap, body: Bytes) -> StatusCode {
    let secret = std::env::var("CLERK_WEBHOOK_SIGNING_SECRET").unwrap();
    let webhook = Webhook::new(&secret).unwrap();
    if webhook.verify(&body, &headers).is_err() {
        return StatusCode::BAD_REQUEST;
    }
    let event: Value = match serde_json::from_slice(&body) {
        Ok(event) => event,
        Err(_) => return StatusCode::BAD_REQUEST,
    };
    if event["type"] == "user.created" {
        println!("welcome, {}", event["data"]["id"]);
    }
    StatusCode::NO_CONTENT
}
