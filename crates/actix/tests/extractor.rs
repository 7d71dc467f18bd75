//! What the contract of `crates/testbed` does not see: types, logs and errors of the adapter.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use actix_web::{
    App, HttpResponse, ResponseError as _,
    body::to_bytes,
    http::StatusCode,
    test::{TestRequest, call_service, init_service},
    web::{post, scope},
};
use clerk_webhooks::{
    RejectionKind, SigningSecret, event::DecodeErrorKind, testing::SignedRequest,
};
use clerk_webhooks_actix::{Rejection, VerifiedClerkEvent, WebhookEndpoint, WebhookError};

const UNDECODABLE: &str = r#"{"type":"user.created","data":{"id":"user_1","locked":"no"}}"#;

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn other_secret() -> SigningSecret {
    SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap()
}

fn request(path: &str, signed: &SignedRequest) -> TestRequest {
    let request = TestRequest::post().uri(path);
    let headers = signed.header_pairs();
    headers
        .into_iter()
        .fold(request, TestRequest::insert_header)
        .set_payload(signed.body().clone())
}

/// A macro, since the type of an `App` has no name.
macro_rules! answer {
    ($app:expr, $request:expr) => {
        call_service(&init_service($app).await, $request.to_request()).await
    };
}

#[derive(serde::Deserialize)]
struct OwnEvent {
    r#type: String,
}

async fn own_type(event: VerifiedClerkEvent<OwnEvent>) -> String {
    format!("{} {}", event.r#type, event.message_id())
}

#[actix_web::test]
async fn the_nearest_endpoint_verifies_and_any_type_is_decoded() {
    let inner = scope("/other")
        .app_data(WebhookEndpoint::new(other_secret()))
        .route("/hook", post().to(own_type));
    let app = App::new()
        .app_data(WebhookEndpoint::new(secret()))
        .service(inner);
    let signed = SignedRequest::new(&other_secret(), r#"{"type":"a.b"}"#).with_message_id("msg_1");
    let response = answer!(app, request("/other/hook", &signed));
    assert_eq!(response.status(), StatusCode::OK);
    let body = to_bytes(response.into_body()).await.unwrap();
    assert_eq!(body, "a.b msg_1");
}

/// Stores what cannot be decoded, and refuses everything else.
async fn archive(event: Result<VerifiedClerkEvent, Rejection>) -> Result<String, Rejection> {
    match event {
        Ok(event) => Ok(event.event_type().to_string()),
        Err(rejection) => match rejection.delivery() {
            Some(delivery) => Ok(format!("{} bytes", delivery.raw_body().len())),
            None => Err(rejection),
        },
    }
}

#[actix_web::test]
async fn a_handler_may_take_the_rejection() {
    let app = init_service(
        App::new()
            .app_data(WebhookEndpoint::new(secret()))
            .route("/", post().to(archive)),
    )
    .await;
    let signed = SignedRequest::new(&secret(), UNDECODABLE);
    let response = call_service(&app, request("/", &signed).to_request()).await;
    let body = to_bytes(response.into_body()).await.unwrap();
    assert_eq!(body, format!("{} bytes", UNDECODABLE.len()));

    let forged = SignedRequest::new(&other_secret(), UNDECODABLE);
    let response = call_service(&app, request("/", &forged).to_request()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

async fn typed(_: VerifiedClerkEvent) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[actix_web::test]
async fn middleware_finds_the_rejection() {
    let app = App::new()
        .app_data(WebhookEndpoint::new(secret()))
        .route("/", post().to(typed));
    let signed = SignedRequest::new(&secret(), UNDECODABLE).with_message_id("msg_1");
    let response = answer!(app, request("/", &signed));
    let error = response.response().error().unwrap();
    let rejection = error.as_error::<Rejection>().unwrap();
    let kind = RejectionKind::Undecodable(DecodeErrorKind::Data);
    assert_eq!(rejection.kind(), kind);
    assert_eq!(rejection.message_id(), Some("msg_1"));
    assert_eq!(
        response.headers().get("content-type").unwrap(),
        "text/plain; charset=utf-8"
    );
}

#[actix_web::test]
async fn a_missing_endpoint_is_logged_with_what_to_add() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    tracing_subscriber::util::SubscriberInitExt::init(subscriber);
    // Inside a `web::Data` it is not found either.
    let app = App::new()
        .app_data(actix_web::web::Data::new(WebhookEndpoint::new(secret())))
        .route("/hook", post().to(typed));
    let signed = SignedRequest::new(&secret(), "{}");
    let response = answer!(app, request("/hook", &signed));
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = logged
        .lines()
        .filter(|line| line.contains("/hook"))
        .collect();
    assert_eq!(lines.len(), 1, "{logged}");
    assert!(
        lines[0].contains(".app_data(WebhookEndpoint::from_env()?)"),
        "{logged}"
    );
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_error_asks_for_a_retry_and_the_cores_keeps_its_decision() {
    let retry: WebhookError = io::Error::other("down").into();
    assert_eq!(retry.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
    let permanent: WebhookError = clerk_webhooks::WebhookError::permanent("no").into();
    assert_eq!(permanent.status_code(), StatusCode::UNPROCESSABLE_ENTITY);
    let permanent = permanent.error_response();
    assert_eq!(
        permanent.headers().get("webhook-delivery").unwrap(),
        "abort-message"
    );
}
