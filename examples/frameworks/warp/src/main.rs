//! Run with `cargo run -p example-warp`: a service that receives Clerk's webhooks on 127.0.0.1, with Warp.
//!
//! It first sends itself three deliveries to show what happens, then serves until Ctrl-C; with `-- --once`
//! it ends after the deliveries. `PORT` (default 3000) says where to listen.
//! `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's secret; without it the program makes one for this
//! run.

#[path = "../../../support/mod.rs"]
mod support;

use std::{error::Error, process::ExitCode};

use clerk_webhooks::{EventData, VerifiedClerkEvent};
use clerk_webhooks_warp::{Rejection, WebhookEndpoint, WebhookError, answer_refusals, clerk_event};
use warp::{Filter, Reply, http::StatusCode};

use self::support::demonstration;

const COMMAND: &str = "cargo run -p example-warp";

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

/// Refusals never reach the handler; Warp has them as rejections.
async fn print_refused(rejection: warp::Rejection) -> Result<Rejection, warp::Rejection> {
    let refused = answer_refusals(rejection).await;
    refused.inspect(|refused| demonstration::print_refused(refused))
}

/// The service. In yours the endpoint is `WebhookEndpoint::from_env()?`, which reads the secret, and
/// `answer_refusals` is what recovers.
fn app(
    clerk: WebhookEndpoint,
) -> impl Filter<Extract = (impl Reply,), Error = warp::Rejection> + Clone {
    warp::path!("webhooks" / "clerk")
        .and(warp::post())
        .and(clerk_event(clerk))
        .then(on_event)
        .recover(print_refused)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    let secret = support::throw_away_secret()?;
    let app = app(WebhookEndpoint::new(demonstration::verifier(
        secret.clone(),
    )?));
    tokio::select! {
        () = warp::serve(app).incoming(listener).run() => Ok(()),
        shown = demonstration::run(COMMAND, address, &secret, once) => shown,
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("example-warp", run().await)
}
