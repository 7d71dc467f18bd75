//! What is Salvo's own: what the hoop leaves behind. The contract suite of all frameworks tests the answers.

use clerk_webhooks::{
    Rejection, SigningSecret, VerifiedDelivery,
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_salvo::{ClerkWebhookHoop, WebhookEndpoint};
use salvo::prelude::*;

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn genuine() -> SignedRequest {
    SignedRequest::new(&secret(), fixtures::user_created()).with_message_id("msg_1")
}

async fn pass(signed: &SignedRequest) -> (Request, Depot, Response) {
    let (mut request, mut depot, mut response) = (Request::new(), Depot::new(), Response::new());
    *request.headers_mut() = signed.headers();
    request.replace_body(signed.body().clone().into());
    response
        .headers_mut()
        .insert("x-outer", "kept".parse().unwrap());
    let hoop = ClerkWebhookHoop::new(WebhookEndpoint::new(secret()));
    let mut control = FlowCtrl::new(Vec::new());
    hoop.handle(&mut request, &mut depot, &mut response, &mut control)
        .await;
    (request, depot, response)
}

#[tokio::test]
async fn the_delivery_is_in_the_depot_and_the_body_in_the_request() {
    let (mut request, depot, response) = pass(&genuine()).await;
    let delivery: &VerifiedDelivery = depot.get_typed().ok().unwrap();
    assert_eq!(delivery.message_id(), "msg_1");
    assert_eq!(request.payload().await.unwrap(), genuine().body());
    assert_eq!(response.status_code, None);
}

#[tokio::test]
async fn a_refusal_has_its_reason_and_keeps_the_headers_of_others() {
    let forged = genuine().with_altered_body(fixtures::user_deleted());
    let (_, depot, response) = pass(&forged).await;
    assert!(!depot.contains_typed::<VerifiedDelivery>());
    assert_eq!(response.status_code, Some(StatusCode::BAD_REQUEST));
    assert_eq!(response.headers()["x-outer"], "kept");
    let rejection = response.extensions.get::<Rejection>().unwrap();
    assert_eq!(rejection.kind().code(), "no_matching_signature");
}
