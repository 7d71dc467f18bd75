//! What is Warp's own: rejections. The contract suite of all frameworks tests the answers.

use clerk_webhooks::{
    SigningSecret, VerifiedClerkEvent,
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_warp::{Rejection, WebhookEndpoint, answer_refusals, clerk_event};
use warp::{Filter, test::RequestBuilder};

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn webhook() -> impl Filter<Extract = (String,), Error = warp::Rejection> + Clone {
    warp::path!("webhooks" / "clerk")
        .and(warp::post())
        .and(clerk_event(WebhookEndpoint::new(secret())))
        .map(|event: VerifiedClerkEvent| event.message_id().to_owned())
}

fn deliver(path: &str, request: &SignedRequest) -> RequestBuilder {
    let sent = warp::test::request().method("POST").path(path);
    let sent = request
        .header_pairs()
        .into_iter()
        .fold(sent, |sent, (name, value)| sent.header(name, value));
    sent.body(request.body())
}

fn genuine() -> SignedRequest {
    SignedRequest::new(&secret(), fixtures::user_created()).with_message_id("msg_1")
}

fn forged() -> SignedRequest {
    genuine().with_altered_body(fixtures::user_deleted())
}

#[tokio::test]
async fn a_refusal_is_a_rejection_with_its_reason() {
    let rejected = deliver("/webhooks/clerk", &forged())
        .filter(&webhook())
        .await;
    let rejected = rejected.unwrap_err();
    let refused = rejected.find::<Rejection>().unwrap();
    assert_eq!(refused.kind().code(), "no_matching_signature");
}

#[tokio::test]
async fn a_recovered_refusal_does_not_try_the_next_route() {
    let everything_else = warp::any().map(|| "found".to_owned());
    let app = webhook().recover(answer_refusals).or(everything_else);
    let refused = deliver("/webhooks/clerk", &forged()).reply(&app).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.body()[..]),
        (400, &b"invalid signature"[..])
    );
    let accepted = deliver("/webhooks/clerk", &genuine()).reply(&app).await;
    assert_eq!(
        (accepted.status().as_u16(), &accepted.body()[..]),
        (200, &b"msg_1"[..])
    );
    let elsewhere = deliver("/elsewhere", &forged()).reply(&app).await;
    assert_eq!(elsewhere.body(), "found");
}

#[tokio::test]
async fn other_rejections_pass() {
    let app = webhook().recover(answer_refusals);
    let missing = deliver("/elsewhere", &genuine()).filter(&app).await;
    assert!(missing.is_err_and(|rejection| rejection.is_not_found()));
}
