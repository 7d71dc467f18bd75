//! What is Poem's own: errors and the order of extractors. The contract suite of all frameworks tests the answers.

#![allow(
    clippy::needless_pass_by_value,
    reason = "handlers own what their framework gives them"
)]

use clerk_webhooks::{
    SigningSecret,
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_poem::{Rejection, VerifiedClerkEvent, WebhookEndpoint};
use poem::{
    Endpoint, EndpointExt as _, IntoResponse as _, Request, Response, Result, handler,
    http::{Method, StatusCode},
    post,
};

#[handler]
fn on_event(event: VerifiedClerkEvent) -> String {
    event.message_id().to_owned()
}

#[handler]
fn on_taken_body(_body: String, event: VerifiedClerkEvent) -> String {
    event.message_id().to_owned()
}

#[handler]
fn on_any_event(event: Result<VerifiedClerkEvent>) -> String {
    match event {
        Ok(event) => event.message_id().to_owned(),
        Err(error) => error
            .downcast_ref::<Rejection>()
            .unwrap()
            .kind()
            .code()
            .to_owned(),
    }
}

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn clerk() -> WebhookEndpoint {
    WebhookEndpoint::new(secret())
}

fn genuine() -> SignedRequest {
    SignedRequest::new(&secret(), fixtures::user_created()).with_message_id("msg_1")
}

fn forged() -> SignedRequest {
    genuine().with_altered_body(fixtures::user_deleted())
}

fn request_of(signed: &SignedRequest) -> Request {
    let mut request = Request::builder()
        .method(Method::POST)
        .body(signed.body().clone());
    *request.headers_mut() = signed.headers();
    request
}

async fn text_of(app: &impl Endpoint, signed: &SignedRequest) -> (u16, String) {
    let answer: Response = app.get_response(request_of(signed)).await;
    let status = answer.status().as_u16();
    (status, answer.into_body().into_string().await.unwrap())
}

#[tokio::test]
async fn a_refusal_can_be_restyled() {
    let app = post(on_event)
        .data(clerk())
        .catch_error(async |rejection: Rejection| {
            format!("no: {}", rejection.kind()).with_status(StatusCode::IM_A_TEAPOT)
        });
    assert_eq!(text_of(&app, &genuine()).await, (200, "msg_1".to_owned()));
    let refused = text_of(&app, &forged()).await;
    assert_eq!(refused, (418, "no: no_matching_signature".to_owned()));
}

#[tokio::test]
async fn a_handler_of_a_result_gets_the_rejection() {
    let app = post(on_any_event).data(clerk());
    let refused = text_of(&app, &forged()).await;
    assert_eq!(refused, (200, "no_matching_signature".to_owned()));
}

#[tokio::test]
async fn a_body_that_is_taken_is_refused() {
    let app = post(on_taken_body).data(clerk());
    let refused = text_of(&app, &genuine()).await;
    assert_eq!(refused, (400, "body could not be read".to_owned()));
}
