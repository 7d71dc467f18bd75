//! Run with `cargo run --example quickstart`: a service that receives Clerk's webhooks on 127.0.0.1.
//!
//! It first sends itself three deliveries to show what happens, then serves until Ctrl-C; with `-- --once`
//! it ends after the deliveries. `PORT` (default 3000) says where to listen.
//! `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's secret; without it the program makes one for this
//! run.

#[path = "../support/mod.rs"]
mod support;

use std::{error::Error, process::ExitCode};

use axum::{Router, http::StatusCode, middleware::map_response, response::Response, routing::post};
use clerk_webhooks::{ClerkWebhookLayer, EventData, Rejection, VerifiedClerkEvent, WebhookError};

use self::support::demonstration::{self, ROUTE};

const COMMAND: &str = "cargo run --example quickstart";

/// The handler: runs for verified deliveries only.
async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
    demonstration::print_accepted(&event);
    match &event.data {
        EventData::UserCreated(user) => {
            let email = user.primary_email_address();
            let email = email.map_or("none", |email| &email.email_address);
            println!("  └ the handler saw a new user, e-mail {email}");
        }
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

/// The service. In yours the layer is `ClerkWebhookLayer::from_env()?`, which reads the secret.
fn app(clerk: ClerkWebhookLayer) -> Router {
    Router::new().route(ROUTE, post(on_event).route_layer(clerk))
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    let secret = support::throw_away_secret()?;
    let clerk = ClerkWebhookLayer::new(demonstration::verifier(secret.clone())?);
    let app = app(clerk).layer(map_response(print_refused));
    tokio::select! {
        served = axum::serve(listener, app).into_future() => Ok(served?),
        shown = demonstration::run(COMMAND, address, &secret, once) => shown,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("quickstart", run().await)
}
