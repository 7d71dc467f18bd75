//! What is Rocket's own: the launch, catchers and fairings. The contract suite of all frameworks tests the
//! answers.

#![allow(
    clippy::needless_pass_by_value,
    reason = "handlers own what their framework gives them"
)]

use clerk_webhooks::{
    SigningSecret,
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_rocket::{ClerkWebhookFairing, Rejection, VerifiedClerkEvent, WebhookEndpoint};
use rocket::{
    Build, Request, Rocket, catch, catchers,
    error::ErrorKind,
    get,
    http::{Header, Status},
    local::asynchronous::{Client, LocalResponse},
    post, routes,
};

#[post("/webhooks/clerk", data = "<event>")]
fn on_event(event: VerifiedClerkEvent) -> String {
    event.message_id().to_owned()
}

#[post("/webhooks/own", data = "<event>")]
fn on_any_event(event: Result<VerifiedClerkEvent, Rejection>) -> Result<Status, &'static str> {
    match event {
        Ok(_) => Ok(Status::NoContent),
        Err(rejection) => Err(rejection.kind().code()),
    }
}

#[catch(400)]
fn bad_request(request: &Request<'_>) -> String {
    let rejection = Rejection::of(request);
    let code = rejection.map_or("none", |rejection| rejection.kind().code());
    format!("caught {code}")
}

fn secret() -> SigningSecret {
    SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn app(path: &str) -> Rocket<Build> {
    rocket::build()
        .attach(ClerkWebhookFairing::at(
            path,
            WebhookEndpoint::new(secret()),
        ))
        .mount("/", routes![on_event, on_any_event])
}

async fn deliver<'c>(
    client: &'c Client,
    path: &'c str,
    request: &SignedRequest,
) -> LocalResponse<'c> {
    let mut sent = client.post(path).body(&request.body()[..]);
    for (name, value) in request.header_pairs() {
        sent.add_header(Header::new(name, value));
    }
    sent.dispatch().await
}

fn genuine() -> SignedRequest {
    SignedRequest::new(&secret(), fixtures::user_created()).with_message_id("msg_1")
}

fn forged() -> SignedRequest {
    genuine().with_altered_body(fixtures::user_deleted())
}

#[rocket::async_test]
async fn it_does_not_launch_without_the_fairing() {
    let rocket = rocket::build().mount("/", routes![on_event]);
    let error = rocket.ignite().await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::SentinelAborts(_)),
        "{error}"
    );
}

#[rocket::async_test]
async fn the_fairing_answers_refusals_under_its_path() {
    let client = Client::untracked(app("/webhooks")).await.unwrap();
    let accepted = deliver(&client, "/webhooks/clerk", &genuine()).await;
    assert_eq!(accepted.into_string().await.unwrap(), "msg_1");
    let refused = deliver(&client, "/webhooks/clerk", &forged()).await;
    assert_eq!(refused.status(), Status::BadRequest);
    assert_eq!(
        refused.headers().get_one("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(refused.into_string().await.unwrap(), "invalid signature");
}

#[rocket::async_test]
async fn a_handler_of_a_result_answers_by_itself() {
    let client = Client::untracked(app("/webhooks")).await.unwrap();
    let refused = deliver(&client, "/webhooks/own", &forged()).await;
    assert_eq!(refused.status(), Status::Ok);
    assert_eq!(
        refused.into_string().await.unwrap(),
        "no_matching_signature"
    );
}

#[rocket::async_test]
async fn a_path_without_an_endpoint_is_answered_500() {
    let client = Client::untracked(app("/elsewhere")).await.unwrap();
    let answer = deliver(&client, "/webhooks/clerk", &genuine()).await;
    assert_eq!(answer.status(), Status::InternalServerError);
    assert_eq!(
        answer.into_string().await.unwrap(),
        "webhook receiver is not set up"
    );
}

#[rocket::async_test]
async fn a_catcher_of_the_application_knows_the_rejection() {
    let app = app("/").register("/webhooks/clerk", catchers![bad_request]);
    let client = Client::untracked(app).await.unwrap();
    let refused = deliver(&client, "/webhooks/clerk", &forged()).await;
    assert_eq!(
        refused.into_string().await.unwrap(),
        "caught no_matching_signature"
    );
}

#[rocket::async_test]
async fn other_errors_under_the_path_get_the_page_of_rocket() {
    #[get("/webhooks/busy")]
    fn busy() -> Status {
        Status::BadRequest
    }
    let app = app("/webhooks").mount("/", routes![busy]);
    let client = Client::untracked(app).await.unwrap();
    let page = client.get("/webhooks/busy").dispatch().await;
    assert!(
        page.into_string()
            .await
            .unwrap()
            .contains("400: Bad Request")
    );
}
