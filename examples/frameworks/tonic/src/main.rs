//! Run with `cargo run -p example-tonic`: a service that receives Clerk's webhooks on 127.0.0.1, with tonic: gRPC and the webhook on one port.
//!
//! It first sends itself three deliveries to show what happens, then serves until Ctrl-C; with `-- --once`
//! it ends after the deliveries. `PORT` (default 3000) says where to listen.
//! `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's secret; without it the program makes one for this
//! run.

#[path = "../../../support/mod.rs"]
mod support;

use std::{error::Error, process::ExitCode};

use axum::{http::StatusCode, middleware::map_response, response::Response, routing::post};
use clerk_webhooks::{ClerkWebhookLayer, EventData, Rejection, VerifiedClerkEvent, WebhookError};
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};

use self::support::demonstration::{self, ROUTE};

const COMMAND: &str = "cargo run -p example-tonic";

/// The handler: runs for verified deliveries only.
async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
    demonstration::print_accepted(&event);
    match &event.data {
        EventData::UserCreated(user) => println!("  └ the handler saw a new user, {}", user.id),
        EventData::UserDeleted(user) => println!("  └ the handler saw {} go", user.id),
        _ => {}
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Refusals never reach the handler; the response carries their reason.
async fn print_refused(response: Response) -> Response {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        demonstration::print_refused(rejection);
    }
    response
}

/// A gRPC service and the webhook. In yours the layer is `ClerkWebhookLayer::from_env()?`, which reads the
/// secret. tonic's routes are an axum router: the webhook is a route of it.
fn app(clerk: ClerkWebhookLayer) -> Routes {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let webhook = post(on_event)
        .route_layer(clerk)
        .layer(map_response(print_refused));
    let grpc = Routes::new(health).into_axum_router();
    Routes::from(grpc.route(ROUTE, webhook))
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    let secret = support::throw_away_secret()?;
    let app = app(ClerkWebhookLayer::new(demonstration::verifier(
        secret.clone(),
    )?));
    // Webhooks arrive over HTTP/1, which tonic refuses by default.
    let server = Server::builder().accept_http1(true).add_routes(app);
    tokio::select! {
        served = server.serve_with_incoming(TcpIncoming::from(listener)) => Ok(served?),
        shown = demonstration::run(COMMAND, address, &secret, once) => shown,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("example-tonic", run().await)
}
