//! Run with `cargo run -p example-salvo`: a service that receives Clerk's webhooks on 127.0.0.1, with Salvo.
//!
//! It first sends itself three deliveries to show what happens, then serves until Ctrl-C; with `-- --once`
//! it ends after the deliveries. `PORT` (default 3000) says where to listen.
//! `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's secret; without it the program makes one for this
//! run.

#[path = "../../../support/mod.rs"]
mod support;

use std::{error::Error, process::ExitCode};

use clerk_webhooks::{EventData, Rejection};
use clerk_webhooks_salvo::{ClerkWebhookHoop, VerifiedClerkEvent, WebhookEndpoint, WebhookError};
use salvo::{conn::tcp::TcpAcceptor, prelude::*};

use self::support::demonstration::{self, ROUTE};

const COMMAND: &str = "cargo run -p example-salvo";

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

/// Refusals never reach the handler; the response carries their reason.
#[handler]
async fn print_refused(
    req: &mut Request,
    depot: &mut Depot,
    res: &mut Response,
    ctrl: &mut FlowCtrl,
) {
    ctrl.call_next(req, depot, res).await;
    if let Some(rejection) = res.extensions.get::<Rejection>() {
        demonstration::print_refused(rejection);
    }
}

/// The service. In yours the hoop is `ClerkWebhookHoop::from_env()?`, which reads the secret.
fn app(clerk: ClerkWebhookHoop) -> Router {
    Router::with_path(ROUTE)
        .hoop(print_refused)
        .hoop(clerk)
        .post(on_event)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    let secret = support::throw_away_secret()?;
    let clerk = WebhookEndpoint::new(demonstration::verifier(secret.clone())?);
    let app = app(ClerkWebhookHoop::new(clerk));
    let server = Server::new(TcpAcceptor::try_from(listener)?);
    tokio::select! {
        () = server.serve(app) => Ok(()),
        shown = demonstration::run(COMMAND, address, &secret, once) => shown,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("example-salvo", run().await)
}
