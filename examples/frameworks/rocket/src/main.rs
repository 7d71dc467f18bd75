//! Run with `cargo run -p example-rocket`: a service that receives Clerk's webhooks on 127.0.0.1, with Rocket.
//!
//! It first sends itself three deliveries to show what happens, then serves until Ctrl-C; with `-- --once`
//! it ends after the deliveries. `PORT` (default 3000) says where to listen.
//! `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's secret; without it the program makes one for this
//! run.

#[path = "../../../support/mod.rs"]
mod support;

use std::{error::Error, process::ExitCode};

use clerk_webhooks::EventData;
use clerk_webhooks_rocket::{
    ClerkWebhookFairing, Rejection, VerifiedClerkEvent, WebhookEndpoint, WebhookError,
};
use rocket::{
    Build, Config, Rocket, config::LogLevel, fairing::AdHoc, http::Status, post, routes, tokio,
};

use self::support::demonstration::{self, ROUTE};

const COMMAND: &str = "cargo run -p example-rocket";

/// The handler: runs for verified deliveries only.
#[post("/webhooks/clerk", data = "<event>")]
async fn on_event(event: VerifiedClerkEvent) -> Result<Status, WebhookError> {
    demonstration::print_accepted(&event);
    match &event.data {
        EventData::UserCreated(user) => println!("  └ the handler saw a new user, {}", user.id),
        EventData::UserDeleted(user) => println!("  └ the handler saw {} go", user.id),
        _ => {}
    }
    Ok(Status::NoContent)
}

/// The service. In yours the endpoint is `WebhookEndpoint::from_env()?`, which reads the secret, and
/// `rocket::build()` reads Rocket's own settings.
fn app(clerk: WebhookEndpoint, config: Config) -> Rocket<Build> {
    // Refusals never reach the handler; the request remembers them.
    let print_refused = AdHoc::on_response("print refused", |request, _| {
        Box::pin(async move {
            if let Some(rejection) = Rejection::of(request) {
                demonstration::print_refused(&rejection);
            }
        })
    });
    rocket::custom(config)
        .attach(ClerkWebhookFairing::at(ROUTE, clerk))
        .mount("/", routes![on_event])
        .attach(print_refused)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    // Rocket binds the port by itself: this finds a free one, and frees it again.
    let address = support::listen(once).await?.local_addr()?;
    let secret = support::throw_away_secret()?;
    let clerk = WebhookEndpoint::new(demonstration::verifier(secret.clone())?);
    let config = Config {
        address: address.ip(),
        port: address.port(),
        log_level: LogLevel::Off,
        ..Config::default()
    };
    let (launched, is_up) = tokio::sync::oneshot::channel();
    let launched = std::sync::Mutex::new(Some(launched));
    let tell = AdHoc::on_liftoff("tell", move |_| {
        let launched = launched
            .lock()
            .ok()
            .and_then(|mut launched| launched.take());
        Box::pin(async move {
            if let Some(launched) = launched {
                let _: Result<(), ()> = launched.send(());
            }
        })
    });
    tokio::select! {
        ended = app(clerk, config).attach(tell).launch() => Ok(ended.map(drop)?),
        shown = async {
            is_up.await?;
            demonstration::run(COMMAND, address, &secret, once).await
        } => shown,
    }
}

#[rocket::main]
async fn main() -> ExitCode {
    support::report("example-rocket", run().await)
}
