//! The deliveries that an example sends itself, and how it prints them.

use std::{
    env,
    error::Error,
    io::{self, IsTerminal as _},
    net::SocketAddr,
    time::Duration,
};

use clerk_webhooks::{
    Rejection, SigningSecret, VerifiedClerkEvent, Verifier,
    testing::{SignedRequest, fixtures},
    verify::SecretErrorKind,
};

use super::deliver;

pub(crate) const ROUTE: &str = "/webhooks/clerk";

/// Verifies with the environment's secrets and, for the demonstration, with our own.
pub(crate) fn verifier(own_secret: SigningSecret) -> Result<Verifier, Box<dyn Error>> {
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

/// Sends the deliveries; then, unless told to end, waits for Ctrl-C. `command` started the program.
pub(crate) async fn run(
    command: &str,
    address: SocketAddr,
    secret: &SigningSecret,
    once: bool,
) -> Result<(), Box<dyn Error>> {
    println!("{:<12}http://{address}{ROUTE}\n", "listening");
    print_heading();
    for (delivery, expected) in three(secret) {
        let status = deliver(address, ROUTE, &delivery).await?.status;
        expect(status, expected)?;
    }
    if !once {
        print_what_is_next(command, address);
        tokio::signal::ctrl_c().await?;
        println!("\nshutting down");
    }
    Ok(())
}

/// One genuine delivery, one forged, one replayed an hour later, and the statuses of their answers.
pub(crate) fn three(secret: &SigningSecret) -> [(SignedRequest, u16); 3] {
    let ada = fixtures::user_created()
        .id("user_2quickstartAda")
        .email("ada@example.com");
    let eve = ada.clone().email("eve@example.com");
    let signed = SignedRequest::new(secret, ada);
    let genuine = signed.clone().with_message_id("msg_genuine");
    let forged = signed.clone().with_message_id("msg_forged");
    let forged = forged.with_altered_body(eve);
    let replayed = signed.with_message_id("msg_replayed");
    let replayed = replayed.with_age(Duration::from_secs(3600));
    [(genuine, 204), (forged, 400), (replayed, 400)]
}

/// An error, if a delivery was answered otherwise.
pub(crate) fn expect(status: u16, expected: u16) -> Result<(), Box<dyn Error>> {
    if status != expected {
        return Err(format!("a delivery was answered {status}, not {expected}").into());
    }
    Ok(())
}

fn print_what_is_next(command: &str, address: SocketAddr) {
    println!(
        "\nNow with Clerk, whose command line (npm's package `clerk`) forwards to this machine:\n\n  \
         npx clerk webhooks listen --forward-to http://{address}{ROUTE}\n\n\
         It prints a URL: create an endpoint with that on the dashboard's Webhooks page, and start this\n\
         again with the endpoint's secret:\n\n  \
         CLERK_WEBHOOK_SIGNING_SECRET=whsec_... {command}\n\n\
         Each delivery prints a line. Ctrl-C ends."
    );
}

pub(crate) fn print_accepted(event: &VerifiedClerkEvent) {
    let object = event.object_id().unwrap_or("-");
    let verdict = coloured(GREEN, "accepted");
    print_row(
        event.message_id(),
        event.event_type().as_str(),
        object,
        &verdict,
    );
}

pub(crate) fn print_refused(rejection: &Rejection) {
    let verdict = format!("{} {}", coloured(RED, "refused"), rejection.kind().code());
    print_row(rejection.message_id().unwrap_or("-"), "-", "-", &verdict);
}

pub(crate) fn print_heading() {
    print_row("MESSAGE ID", "TYPE", "OBJECT", "VERDICT");
}

fn print_row(message_id: &str, event_type: &str, object: &str, verdict: &str) {
    println!("{message_id:<32} {event_type:<28} {object:<32} {verdict}");
}

const GREEN: u8 = 32;
const RED: u8 = 31;

/// In a terminal, unless `NO_COLOR` is set.
fn coloured(code: u8, text: &str) -> String {
    if io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
