//! Run with `cargo run -p example-lambda -- --once`: a function for AWS Lambda that receives Clerk's webhooks,
//! behind an API Gateway or a function URL.
//!
//! With `--once` it calls its own service with three events, as Lambda's runtime would. Without, it is the
//! function: deploy it, with the endpoint's secret in `CLERK_WEBHOOK_SIGNING_SECRET`.

#[path = "../../../support/mod.rs"]
mod support;

use std::{convert::Infallible, error::Error, process::ExitCode};

use clerk_webhooks::{
    ClerkWebhookLayer, EventData, Rejection, VerifiedBody, VerifiedClerkEvent, WebhookError,
    layer::ResponseBody, testing::SignedRequest,
};
use lambda_http::{
    Body, Request, Response, Service,
    http::{self, StatusCode},
    request,
    tower::{ServiceBuilder, ServiceExt as _},
};

use self::support::demonstration::{self, ROUTE};

/// The handler: runs for verified deliveries only.
async fn on_event(event: VerifiedClerkEvent) -> Result<(), WebhookError> {
    demonstration::print_accepted(&event);
    match &event.data {
        EventData::UserCreated(user) => println!("  └ the handler saw a new user, {}", user.id),
        EventData::UserDeleted(user) => println!("  └ the handler saw {} go", user.id),
        _ => {}
    }
    Ok(())
}

/// From the verified request to the handler, and from its result to Lambda's response.
async fn handle(request: http::Request<VerifiedBody>) -> Result<Response<Body>, Infallible> {
    let event = match VerifiedClerkEvent::decode(request.into_body().into_delivery()) {
        Ok(event) => event,
        Err(rejection) => return Ok(rejection.to_response()),
    };
    let mut response = Response::new(Body::Empty);
    match on_event(event).await {
        Ok(()) => *response.status_mut() = StatusCode::NO_CONTENT,
        Err(error) => response = error.to_response(),
    }
    Ok(response)
}

/// Refusals never reach the handler; the response carries their reason.
fn print_refused<B>(response: Response<B>) -> Response<B> {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        demonstration::print_refused(rejection);
    }
    response
}

/// The function. In yours the layer is `ClerkWebhookLayer::from_env()?`, which reads the secret. Lambda's body
/// types fit the layer as they are.
fn app(
    clerk: ClerkWebhookLayer,
) -> impl Service<Request, Response = Response<ResponseBody<Body>>, Error = Infallible, Future: Send>
{
    ServiceBuilder::new()
        .map_response(print_refused)
        .layer(clerk)
        .service_fn(handle)
}

/// What Lambda hands to a function behind a function URL or an HTTP API.
fn event_of(delivery: &SignedRequest) -> Result<Request, Box<dyn Error>> {
    let headers = delivery.headers();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().ok()));
    let event = serde_json::json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": ROUTE,
        "rawQueryString": "",
        "headers": headers.collect::<std::collections::HashMap<_, _>>(),
        "requestContext": { "http": { "method": "POST", "path": ROUTE } },
        "body": str::from_utf8(delivery.body())?,
        "isBase64Encoded": false,
    });
    Ok(request::from_str(&event.to_string())?)
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    let secret = support::throw_away_secret()?;
    let mut app = app(ClerkWebhookLayer::new(demonstration::verifier(
        secret.clone(),
    )?));
    demonstration::print_heading();
    for (delivery, expected) in demonstration::three(&secret) {
        let answer = app.ready().await?.call(event_of(&delivery)?).await?;
        demonstration::expect(answer.status().as_u16(), expected)?;
    }
    Ok(())
}

async fn run() -> Result<(), Box<dyn Error>> {
    if support::once() {
        return demonstrate().await;
    }
    let ended = lambda_http::run(app(ClerkWebhookLayer::from_env()?)).await;
    ended.map_err(|error| -> Box<dyn Error> { error })
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("example-lambda", run().await)
}
