//! Rocket, with its data guard.

use std::{convert::Infallible, net::SocketAddr};

use clerk_webhooks_rocket::{ClerkWebhookFairing, VerifiedClerkEvent, WebhookEndpoint};
use http::{HeaderMap, HeaderName, HeaderValue};
use rocket::{
    Build, Config, Request, Rocket, State,
    config::LogLevel,
    http::Status,
    post,
    request::{FromRequest, Outcome},
    routes,
};
use svix::webhooks::Webhook;

use crate::{
    framework::{Framework, Part, on_a_free_port, svix_accepts, verifier, webhook},
    support::payloads::PATH,
};

pub(crate) const ROCKET: Framework = Framework {
    name: "rocket",
    start: |part| {
        on_a_free_port(async move |listener| {
            let address = listener.local_addr().unwrap();
            drop(listener); // Rocket binds by itself
            app(address, part).launch().await
        })
    },
};

fn app(address: SocketAddr, part: Part) -> Rocket<Build> {
    let rocket = rocket::custom(Config {
        address: address.ip(),
        port: address.port(),
        log_level: LogLevel::Off,
        ..Config::default()
    });
    match part {
        Part::Bare => rocket.mount(PATH, routes![bare]),
        Part::Ours => rocket
            .attach(ClerkWebhookFairing::at(
                PATH,
                WebhookEndpoint::new(verifier()),
            ))
            .mount(PATH, routes![ours]),
        Part::Svix => rocket.manage(webhook()).mount(PATH, routes![by_hand]),
    }
}

#[post("/", data = "<body>")]
fn bare(body: Vec<u8>) -> Status {
    std::hint::black_box(&body);
    Status::NoContent
}

#[post("/", data = "<event>")]
fn ours(event: VerifiedClerkEvent) -> Status {
    std::hint::black_box(&event);
    Status::NoContent
}

/// What `svix` looks at, as it knows it.
struct Headers(HeaderMap);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Headers {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let mut headers = HeaderMap::new();
        for name in ["svix-id", "svix-timestamp", "svix-signature"] {
            if let Some(value) = request.headers().get_one(name) {
                let value = HeaderValue::from_str(value).unwrap();
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Outcome::Success(Self(headers))
    }
}

#[post("/", data = "<body>")]
fn by_hand(headers: Headers, webhook: &State<Webhook>, body: Vec<u8>) -> Status {
    match svix_accepts(webhook, &headers.0, &body) {
        true => Status::NoContent,
        false => Status::BadRequest,
    }
}
