//! The extractor in axum handlers: what it hands over, what it refuses, what it says.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, Uri},
    routing::{MethodRouter, post},
};
use clerk_webhooks::{
    ClerkWebhookLayer, EventData, EventType, RawClerkEvent, Rejection, RejectionKind,
    VerifiedClerkEvent, VerifiedDelivery, Verifier, WebhookError, event::DecodeErrorKind, testing,
    testing::SignedRequest,
};
use serde::Deserialize;
use serde_json::json;
use tower::ServiceExt as _;

use crate::common::{Logs, secret};

const UNDECODABLE: &str = r#"{"type":"user.created","data":{"id":"user_1","email_addresses":[
    {"id":"idn_1","email_address":"ada@example.com"},{"id":"idn_2","email_address":42424242}]}}"#;

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret()))
}

async fn send(route: MethodRouter, body: &str) -> (StatusCode, String, Response<Body>) {
    let app = Router::new().route("/webhooks/clerk", route);
    let uri = Uri::from_static("/webhooks/clerk");
    let request: Request<Body> = SignedRequest::new(&secret(), body.to_owned()).into_request(uri);
    let response = app.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(to_bytes(body, 1024).await.unwrap().to_vec()).unwrap();
    (
        parts.status,
        text,
        Response::from_parts(parts, Body::empty()),
    )
}

fn rejection(response: &Response<Body>) -> &Rejection {
    response.extensions().get().unwrap()
}

#[tokio::test]
async fn the_handler_gets_the_event_and_its_delivery() {
    let handler = |event: VerifiedClerkEvent| async move {
        assert!(matches!(event.data, EventData::UserDeleted(_)));
        assert_eq!(*event.event_type(), EventType::UserDeleted);
        format!("{} {}", event.object_id().unwrap(), event.raw_body().len())
    };
    let body = r#"{"data":{"id":"user_1","deleted":true},"type":"user.deleted"}"#;
    let (status, text, _) = send(post(handler).route_layer(clerk()), body).await;
    assert_eq!(
        (status, text),
        (StatusCode::OK, format!("user_1 {}", body.len()))
    );
}

#[tokio::test]
async fn an_event_of_a_type_of_tomorrow_arrives() {
    let handler = |event: VerifiedClerkEvent| async move {
        assert!(matches!(event.data, EventData::Unknown(_)));
        event.event_type().as_str().to_owned()
    };
    let body = r#"{"type":"user.transmogrified","data":{"id":"user_1"}}"#;
    let (_, text, _) = send(post(handler).route_layer(clerk()), body).await;
    assert_eq!(text, "user.transmogrified");
}

#[tokio::test]
async fn a_missing_layer_is_500_and_the_log_says_how_to_mend_it() {
    let logs = Logs::capture();
    let handler = |_: VerifiedClerkEvent| async { "unreachable" };
    let (status, text, response) = send(post(handler), "{}").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text, "webhook receiver is not set up");
    assert_eq!(rejection(&response).kind(), RejectionKind::MissingSetup);
    let line = logs.take();
    for part in [
        "ERROR",
        "/webhooks/clerk",
        ".route_layer(ClerkWebhookLayer::from_env()?)",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn what_cannot_be_decoded_is_422_and_the_log_names_the_field_but_no_value() {
    let handler = |_: VerifiedClerkEvent| async { "unreachable" };
    for (body, kind, path) in [
        ("\u{feff}{}", DecodeErrorKind::NotJson, ""),
        ("hello, ada@example.com", DecodeErrorKind::NotJson, ""),
        ("", DecodeErrorKind::NotJson, ""),
        ("[]", DecodeErrorKind::Envelope, ""),
        ("{}", DecodeErrorKind::Envelope, "type"),
        (
            r#"{"type":"user.created"}"#,
            DecodeErrorKind::Envelope,
            "data",
        ),
        (
            r#"{"type":"user.created","data":[]}"#,
            DecodeErrorKind::Envelope,
            "data",
        ),
        (
            r#"{"type":"user.created","data":{}}"#,
            DecodeErrorKind::Data,
            "data.id",
        ),
        (
            UNDECODABLE,
            DecodeErrorKind::Data,
            "data.email_addresses[1].email_address",
        ),
    ] {
        let logs = Logs::capture();
        let (status, text, response) = send(post(handler).route_layer(clerk()), body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(text, "event could not be decoded");
        assert_eq!(rejection(&response).kind(), kind.into(), "{body}");
        let logged = logs.take();
        let line = logged.lines().find(|line| line.contains("ERROR")).unwrap();
        if kind == DecodeErrorKind::Data {
            assert!(line.contains(r#"event_type="user.created""#), "{line}");
        }
        assert!(
            line.contains(&format!("path={path:?}"))
                && line.contains(RejectionKind::from(kind).code()),
            "{path} in {line}"
        );
        for value in ["ada@example.com", "42424242"] {
            assert!(!logged.contains(value), "{logged}");
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_422() {
    let handler = |_: VerifiedClerkEvent| async { "unreachable" };
    let app = Router::new().route("/", post(handler).route_layer(clerk()));
    let signed = SignedRequest::new(&secret(), b"{\"type\":\"\xff\"}".as_slice());
    let request: Request<Body> = signed.into_request(Uri::from_static("/"));
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(rejection(&response).kind(), DecodeErrorKind::NotUtf8.into());
}

#[tokio::test]
async fn nothing_prints_the_payload() {
    let secret = secret();
    let verify = |body: &str| {
        let signed = SignedRequest::new(&secret, body.to_owned());
        let verifier = Verifier::new(secret.clone());
        verifier
            .verify(&signed.headers(), signed.body().clone())
            .unwrap()
    };
    let event = r#"{"type":"user.created","data":{"id":"ada-secret"}}"#;
    let decoded: VerifiedClerkEvent = VerifiedClerkEvent::decode(verify(event)).unwrap();
    let raw: VerifiedClerkEvent<RawClerkEvent> = VerifiedClerkEvent::decode(verify(event)).unwrap();
    let wrong = event.replace(r#""id""#, r#""locked":1,"id""#);
    let refused: Result<VerifiedClerkEvent, _> = VerifiedClerkEvent::decode(verify(&wrong));
    let rejection = refused.unwrap_err();
    let mut printed = format!("{decoded:?} {raw:?} {:?} {rejection:?} {rejection}", *raw);
    let mut source = std::error::Error::source(&rejection);
    while let Some(error) = source {
        printed += &format!(" {error:?} {error}");
        source = error.source();
    }
    assert!(printed.contains("data.locked"), "{printed}");
    assert!(!printed.contains("ada-secret"), "{printed}");
}

#[tokio::test]
async fn a_handler_may_take_the_rejection_and_keep_the_delivery() {
    let handler = |event: Result<VerifiedClerkEvent, Rejection>| async move {
        let rejection = event.unwrap_err();
        String::from_utf8(rejection.delivery().unwrap().raw_body().to_vec()).unwrap()
    };
    let (status, text, _) = send(post(handler).route_layer(clerk()), UNDECODABLE).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, UNDECODABLE));
}

#[tokio::test]
async fn the_raw_view_accepts_any_object() {
    let handler = |event: VerifiedClerkEvent<RawClerkEvent>| async move {
        format!("{} {}", event.event_type, event.data.as_str())
    };
    let body = r#"{"type":"user.created","data":{ "id": 7 }}"#;
    let (status, text, _) = send(post(handler).route_layer(clerk()), body).await;
    assert_eq!(
        (status, text.as_str()),
        (StatusCode::OK, r#"user.created { "id": 7 }"#)
    );
    let (status, ..) = send(
        post(handler).route_layer(clerk()),
        r#"{"type":"x","data":[]}"#,
    )
    .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[derive(Deserialize)]
struct Own {
    data: OwnData,
}

#[derive(Deserialize)]
struct OwnData {
    id: u64,
}

#[tokio::test]
async fn a_type_of_the_users_own_judges_the_body_alone() {
    let handler = |event: VerifiedClerkEvent<Own>| async move { event.data.id.to_string() };
    let (status, text, _) = send(post(handler).route_layer(clerk()), r#"{"data":{"id":7}}"#).await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "7"));

    let logs = Logs::capture();
    let refused = r#"{"data":{"id":"secret-value"}}"#;
    let (status, _, response) = send(post(handler).route_layer(clerk()), refused).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(rejection(&response).kind(), DecodeErrorKind::Data.into());
    let line = logs.take();
    assert!(
        line.contains("data.id") && !line.contains("secret-value"),
        "{line}"
    );
}

#[tokio::test]
async fn a_handlers_error_decides_whether_the_sender_tries_again() {
    async fn fail(event: VerifiedClerkEvent) -> Result<(), WebhookError> {
        match event.object_id() {
            Some("again") => Err(WebhookError::retry("the database is down")),
            Some("never") => Err(WebhookError::permanent("no such plan")),
            _ => Ok("not a number".parse::<u8>().map(|_| ())?),
        }
    }
    let event = |id: &str| json!({ "type": "user.deleted", "data": { "id": id } }).to_string();
    for (id, status, logged) in [
        ("again", 500, "the database is down"),
        ("never", 422, "no such plan"),
        ("other", 500, "invalid digit"),
    ] {
        let logs = Logs::capture();
        let (answered, text, response) = send(post(fail).route_layer(clerk()), &event(id)).await;
        assert_eq!(answered, status);
        assert!(!text.contains(logged), "{text}");
        let abort = response.headers().get("webhook-delivery");
        assert_eq!(
            abort.is_some_and(|value| value == "abort-message"),
            id == "never"
        );
        let lines = logs.take();
        let line = lines.lines().find(|line| line.contains("ERROR")).unwrap();
        // The layer's span says which delivery it was.
        assert!(
            line.contains(logged) && line.contains("message_id=\"msg_"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_handler_is_tested_without_http() {
    async fn on_event(event: VerifiedClerkEvent) -> StatusCode {
        match &event.data {
            EventData::UserDeleted(user) if user.id == "user_1" => StatusCode::NO_CONTENT,
            _ => StatusCode::IM_A_TEAPOT,
        }
    }
    let event = json!({ "type": "user.deleted", "data": { "id": "user_1" } });
    assert_eq!(
        on_event(testing::deliver(event)).await,
        StatusCode::NO_CONTENT
    );
}

#[test]
#[should_panic(expected = "data.id")]
fn delivering_what_is_no_event_says_which_field() {
    let _ = testing::deliver(json!({ "type": "user.deleted", "data": { "id": 7 } }));
}

#[tokio::test]
async fn a_failing_handler_is_logged_once_with_message_id_and_type() {
    let logs = Logs::capture();
    let handler = |_: VerifiedClerkEvent| async { Err::<(), _>(WebhookError::retry("no disk")) };
    let body = r#"{"type":"user.created","data":{"id":"user_1"}}"#;
    let (status, text, response) = send(post(handler).route_layer(clerk()), body).await;
    drop(response);
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text, "processing failed, please retry");
    let logged = logs.take();
    let lines: Vec<&str> = logged
        .lines()
        .filter(|line| line.contains("ERROR"))
        .collect();
    assert_eq!(lines.len(), 1, "{logged}");
    let (_, own_fields) = lines[0].split_once("a handler failed: no disk").unwrap();
    for part in [
        "message_id=\"msg_",
        "event_type=\"user.created\"",
        "status=500",
    ] {
        assert!(own_fields.contains(part), "{part} in {own_fields}");
    }
}

#[tokio::test]
async fn a_handler_that_fails_without_a_layer_is_logged_too() {
    let logs = Logs::capture();
    let (status, ..) = send(post(async || WebhookError::permanent("no such plan")), "{}").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        logs.take()
            .contains("a handler failed permanently: no such plan")
    );
}

#[tokio::test]
async fn a_delivery_that_its_receiver_stores_undecoded_is_no_failure() {
    let logs = Logs::capture();
    let handler = |event: Result<VerifiedClerkEvent, Rejection>| async move {
        event
            .unwrap_err()
            .delivery()
            .unwrap()
            .message_id()
            .to_owned()
    };
    let (status, ..) = send(post(handler).route_layer(clerk()), UNDECODABLE).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!logs.take().contains("ERROR"));
}

#[tokio::test]
async fn a_handler_may_take_the_delivery_alone() {
    let handler = |delivery: VerifiedDelivery| async move { delivery.into_parts().raw_body };
    let (status, text, _) = send(post(handler).route_layer(clerk()), "not JSON").await;
    assert_eq!((status, text.as_str()), (StatusCode::OK, "not JSON"));
    let logs = Logs::capture();
    let (status, ..) = send(post(handler), "{}").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(logs.take().contains("did not pass a `ClerkWebhookLayer`"));
}
