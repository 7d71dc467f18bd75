//! Rocket, with its data guard.

use std::net::{SocketAddr, TcpListener};

use clerk_webhooks::RawClerkEvent;
use clerk_webhooks_rocket::{
    ClerkWebhookFairing, VerifiedClerkEvent, WebhookEndpoint, WebhookError,
};
use rocket::{Build, Config, Rocket, State, config::LogLevel, post, routes};

use crate::framework::{
    Exception, Framework, Handler, Instead, NO_SETUP, NOT_UTF8, PLAIN, RAW, ROTATING, Running,
    SMALL, SMALL_LIMIT, WITHHELD, on_a_free_port, rotating_verifier, verifier,
};

const READS_FIRST: &str =
    "Rocket reads the first 14 bytes of every body before it looks for a route";
const INVITES: &str = "Rocket invites every body, since it reads the first 14 bytes at once";
const DROPS: &str = "Rocket drops headers whose value is not UTF-8";

pub(crate) const ROCKET: Framework = Framework {
    name: "rocket",
    start: |handler| {
        // Rocket binds by itself: it gets a free port on which nobody listens.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        on_a_free_port(move |_| app(handler, address).launch());
        Running::here(address)
    },
    exceptions: &[
        Exception {
            row: WITHHELD,
            instead: Instead::Sent,
            reason: READS_FIRST,
        },
        Exception {
            row: NOT_UTF8,
            instead: Instead::Dropped,
            reason: DROPS,
        },
        Exception {
            row: "an id of any bytes",
            instead: Instead::Answers("400 missing webhook header", 0),
            reason: DROPS,
        },
        Exception {
            row: "a timestamp of any bytes",
            instead: Instead::Answers("400 missing webhook header", 0),
            reason: DROPS,
        },
        Exception {
            row: "a signature of any bytes",
            instead: Instead::Answers("400 missing webhook header", 0),
            reason: DROPS,
        },
        Exception {
            row: "a malformed chunk",
            instead: Instead::Answers("400 invalid signature", 0),
            reason: "Rocket hides an error in the first 14 bytes of a body, which then ends there",
        },
        Exception {
            row: "`Expect: 100-continue`, no webhook header",
            instead: Instead::Impossible,
            reason: INVITES,
        },
        Exception {
            row: "`Expect: 100-continue`, stale",
            instead: Instead::Impossible,
            reason: INVITES,
        },
        Exception {
            row: "`Expect: 100-continue`, one byte over the limit declared",
            instead: Instead::Impossible,
            reason: INVITES,
        },
        Exception {
            row: "another method",
            instead: Instead::Answers("404", 0),
            reason: "Rocket has no 405",
        },
    ],
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
