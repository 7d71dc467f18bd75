//! Run with `cargo run -p example-poem`: a service that receives Clerk's webhooks on 127.0.0.1, with Poem.
//!
//! It first sends itself three deliveries to show what happens, then serves until Ctrl-C; with `-- --once`
//! it ends after the deliveries. `PORT` (default 3000) says where to listen.
//! `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's secret; without it the program makes one for this
//! run.

#[path = "../../../support/mod.rs"]
mod support;

use std::{error::Error, process::ExitCode};

use clerk_webhooks::EventData;
use clerk_webhooks_poem::{Rejection, VerifiedClerkEvent, WebhookEndpoint, WebhookError};
use poem::{
    Endpoint, EndpointExt as _, Response, Route, Server, error::ResponseError as _, handler,
    http::StatusCode, listener::TcpAcceptor, post,
};

use self::support::demonstration::{self, ROUTE};

const COMMAND: &str = "cargo run -p example-poem";

/// The handler: runs for verified deliveries only.
#[handler]
async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
    demonstration::print_accepted(&event);
    match &event.data {
        EventData::UserCreated(user) => println!("  └ the handler saw a new user, {}", user.id),
        EventData::UserDeleted(user) => println!("  └ the handler saw {} go", user.id),
        _ => {}
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Refusals never reach the handler; Poem has them as errors.
async fn print_refused(rejection: Rejection) -> Response {
    demonstration::print_refused(&rejection);
    rejection.as_response()
}

/// The service. In yours the endpoint is `WebhookEndpoint::from_env()?`, which reads the secret.
fn app(clerk: WebhookEndpoint) -> impl Endpoint {
    Route::new().at(ROUTE, post(on_event).data(clerk).catch_error(print_refused))
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    let secret = support::throw_away_secret()?;
    let app = app(WebhookEndpoint::new(demonstration::verifier(
        secret.clone(),
    )?));
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
    tokio::select! {
        served = server.run(app) => Ok(served?),
        shown = demonstration::run(COMMAND, address, &secret, once) => shown,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("example-poem", run().await)
}
