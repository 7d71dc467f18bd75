//! Receives Clerk's webhooks on 127.0.0.1, after sending itself three deliveries to show what happens.
//!
//! ```sh
//! cargo run --example quickstart             # goes on serving; Ctrl-C ends it
//! cargo run --example quickstart -- --once   # ends after the demonstration
//! ```
//!
//! `PORT` (default 3000) says where to listen; `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's
//! secret. Without it a development secret is made for this run.

mod support;

use std::{
    env,
    error::Error,
    io::{self, IsTerminal as _},
    net::SocketAddr,
    process::ExitCode,
};

use axum::{Router, http::StatusCode, middleware::map_response, response::Response, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, EventData, Rejection, SigningSecret, VerifiedClerkEvent, Verifier,
    WebhookError, verify::SecretErrorKind,
};
use support::Delivery;
use tokio::sync::oneshot;

const ROUTE: &str = "/webhooks/clerk";

/// The whole receiver: verified before it runs, typed when it does.
async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
    let object = event.object_id().unwrap_or("-");
    print_delivery(
        event.message_id(),
        event.event_type().as_str(),
        object,
        &green("accepted"),
    );
    match &event.data {
        EventData::UserCreated(user) => {
            let email = user
                .primary_email_address()
                .map_or("none", |email| &email.email_address);
            println!(
                "  {}",
                dim(&format!("└ the handler saw a new user, e-mail {email}"))
            );
        }
        EventData::UserDeleted(user) => {
            println!("  {}", dim(&format!("└ the handler saw {} go", user.id)));
        }
        _ => {}
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Refusals never reach the handler; the response carries their reason.
async fn print_refusal(response: Response) -> Response {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        let verdict = format!("{} {}", red("refused"), rejection.kind().code());
        print_delivery(rejection.message_id().unwrap_or("-"), "-", "-", &verdict);
    }
    response
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(support::once()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(once: bool) -> Result<(), Box<dyn Error>> {
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    let own_secret = support::throw_away_secret()?;
    let verifier = verifier_with(own_secret.clone())?;
    let clerk = ClerkWebhookLayer::new(verifier);
    let app = Router::new().route(
        ROUTE,
        post(on_event)
            .route_layer(clerk)
            .route_layer(map_response(print_refusal)),
    );
    println!("{:<12}http://{address}{ROUTE}\n", "listening");

    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    demonstrate(address, &own_secret).await?;
    if !once {
        print_what_is_next(address);
        tokio::signal::ctrl_c().await?;
        println!("\nshutting down");
    }
    let _ = stop.send(());
    Ok(server.await??)
}

/// The environment's secrets and, for the demonstration, our own.
fn verifier_with(own_secret: SigningSecret) -> Result<Verifier, Box<dyn Error>> {
    match Verifier::from_env() {
        Ok(verifier) => {
            println!("{:<12}from the environment", "secret");
            Ok(verifier.with_secret(own_secret.with_label("demonstration")))
        }
        Err(error) if error.kind() == SecretErrorKind::NotSet => {
            println!("{:<12}a development secret, made for this run", "secret");
            Ok(Verifier::new(own_secret.with_label("development")))
        }
        Err(error) => Err(error.into()),
    }
}

const USER_CREATED: &str = r#"{
  "type": "user.created",
  "object": "event",
  "data": {
    "object": "user",
    "id": "user_2quickstartAda",
    "first_name": "Ada",
    "primary_email_address_id": "idn_1",
    "email_addresses": [{ "id": "idn_1", "email_address": "ada@example.com" }]
  }
}"#;

/// One genuine delivery, one forged, one replayed an hour later.
async fn demonstrate(address: SocketAddr, secret: &SigningSecret) -> Result<(), Box<dyn Error>> {
    print_delivery("MESSAGE ID", "TYPE", "OBJECT", "VERDICT");
    let genuine = Delivery::new(ROUTE, secret, "msg_genuine", USER_CREATED);
    let forged = Delivery::new(ROUTE, secret, "msg_forged", USER_CREATED)
        .with_other_body(&USER_CREATED.replace("ada@", "eve@"));
    let replayed = Delivery::an_hour_old(ROUTE, secret, "msg_replayed", USER_CREATED);
    for (delivery, expected) in [(genuine, 204), (forged, 400), (replayed, 400)] {
        let status = delivery.send(address).await?.status;
        if status != expected {
            return Err(format!("a delivery was answered {status}, not {expected}").into());
        }
    }
    Ok(())
}

fn print_what_is_next(address: SocketAddr) {
    println!(
        "\nNow with Clerk, whose command line (npm's package `clerk`) forwards to this machine:\n\n  \
         npx clerk webhooks listen --forward-to http://{address}{ROUTE}\n\n\
         It prints a URL: create an endpoint with that on the dashboard's Webhooks page, and start this\n\
         again with the endpoint's secret:\n\n  \
         CLERK_WEBHOOK_SIGNING_SECRET=whsec_... cargo run --example quickstart\n\n\
         Each delivery prints a line. Ctrl-C ends."
    );
}

fn print_delivery(message_id: &str, event_type: &str, object: &str, verdict: &str) {
    println!("{message_id:<32} {event_type:<28} {object:<32} {verdict}");
}

fn green(text: &str) -> String {
    coloured("32", text)
}

fn red(text: &str) -> String {
    coloured("31", text)
}

fn dim(text: &str) -> String {
    coloured("2", text)
}

fn coloured(code: &str, text: &str) -> String {
    if io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
