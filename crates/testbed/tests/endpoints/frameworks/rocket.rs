//! Rocket, with its data guard.

use std::net::SocketAddr;

use clerk_webhooks::RawClerkEvent;
use clerk_webhooks_rocket::{
    ClerkWebhookFairing, VerifiedClerkEvent, WebhookEndpoint, WebhookError,
};
use rocket::{Build, Config, Rocket, State, config::LogLevel, post, routes};

use crate::framework::{
    Framework, Handler, NO_SETUP, PLAIN, RAW, ROTATING, SMALL, SMALL_LIMIT, on_a_free_port,
    rotating_verifier, verifier,
};

pub(crate) const ROCKET: Framework = Framework {
    name: "rocket",
    start: |handler| {
        on_a_free_port(async |listener| {
            let address = listener.local_addr().unwrap();
            drop(listener); // Rocket binds by itself
            app(handler, address).launch().await
        })
    },
    exceptions: &[],
};

fn app(handler: Handler, address: SocketAddr) -> Rocket<Build> {
    let clerk = WebhookEndpoint::new(verifier());
    let small = clerk.clone().with_max_body_bytes(SMALL_LIMIT);
    let rotating = WebhookEndpoint::new(rotating_verifier());
    let config = Config {
        address: address.ip(),
        port: address.port(),
        log_level: LogLevel::Off,
        ..Config::default()
    };
    let typed = || routes![on_event];
    rocket::custom(config)
        .manage(handler)
        .attach(ClerkWebhookFairing::at(PLAIN, clerk.clone()))
        .attach(ClerkWebhookFairing::at(SMALL, small))
        .attach(ClerkWebhookFairing::at(ROTATING, rotating))
        .attach(ClerkWebhookFairing::at(RAW, clerk))
        .mount(PLAIN, typed())
        .mount(SMALL, typed())
        .mount(ROTATING, typed())
        .mount(RAW, routes![on_raw_event])
        .mount(NO_SETUP, typed())
}

#[post("/", data = "<event>")]
fn on_event(handler: &State<Handler>, event: VerifiedClerkEvent) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type().as_str(), event.delivery())?)
}

#[post("/", data = "<event>")]
fn on_raw_event(
    handler: &State<Handler>,
    event: VerifiedClerkEvent<RawClerkEvent>,
) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type.as_str(), event.delivery())?)
}
