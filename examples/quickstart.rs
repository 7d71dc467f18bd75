//! Receives Clerk's webhooks on 127.0.0.1, after sending itself three deliveries to show what happens.
//!
//! ```sh
//! cargo run --example quickstart             # goes on serving; Ctrl-C ends it
//! cargo run --example quickstart -- --once   # ends after the demonstration
//! ```
//!
//! `PORT` (default 3000) says where to listen; `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's
//! secret. Without it a development secret is made for this run.

use std::{
    collections::hash_map::RandomState,
    env,
    error::Error,
    hash::BuildHasher as _,
    io::{self, IsTerminal as _},
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{Router, http::StatusCode, middleware::map_response, response::Response, routing::post};
use clerk_webhooks::{
    ClerkWebhookLayer, EventData, Rejection, SigningSecret, VerifiedClerkEvent, Verifier,
    WebhookError, verify::SecretErrorKind,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

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
    match run(env::args().any(|argument| argument == "--once")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(once: bool) -> Result<(), Box<dyn Error>> {
    let listener = listen(if once { 0 } else { 3000 }).await?;
    let address = listener.local_addr()?;
    let own_secret = development_secret()?;
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

async fn listen(default_port: u16) -> Result<TcpListener, String> {
    let port = match env::var("PORT") {
        Ok(port) => port
            .parse()
            .map_err(|_| format!("PORT is not a port number: {port:?}"))?,
        Err(_) => default_port,
    };
    let listening = TcpListener::bind(("127.0.0.1", port)).await;
    listening.map_err(|error| {
        format!("cannot listen on 127.0.0.1:{port} ({error}); set PORT to a free port")
    })
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

/// Nobody else knows it: 48 bytes out of the standard library's random seeds. Hex digits are base64
/// digits too.
fn development_secret() -> Result<SigningSecret, Box<dyn Error>> {
    let digits: String = (0..4)
        .map(|place| format!("{:016x}", RandomState::new().hash_one(place)))
        .collect();
    Ok(SigningSecret::parse(&format!("whsec_{digits}"))?)
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
    let now = SystemTime::now();
    let an_hour_ago = now - Duration::from_secs(3600);
    let forged = USER_CREATED.replace("ada@", "eve@");
    for (message_id, sent_at, sent, expected) in [
        ("msg_genuine", now, USER_CREATED, 204),
        ("msg_forged", now, forged.as_str(), 400),
        ("msg_replayed", an_hour_ago, USER_CREATED, 400),
    ] {
        let signature = secret.sign(message_id, sent_at, USER_CREATED.as_bytes());
        let status = deliver(address, message_id, sent_at, &signature, sent).await?;
        if status != expected {
            return Err(format!("{message_id} was answered {status}, not {expected}").into());
        }
    }
    Ok(())
}

/// A POST over a connection of its own; what comes back is the status.
async fn deliver(
    address: SocketAddr,
    message_id: &str,
    sent_at: SystemTime,
    signature: &str,
    body: &str,
) -> Result<u16, Box<dyn Error>> {
    let timestamp = sent_at.duration_since(UNIX_EPOCH)?.as_secs();
    let request = format!(
        "POST {ROUTE} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\
         svix-id: {message_id}\r\nsvix-timestamp: {timestamp}\r\nsvix-signature: {signature}\r\n\
         \r\n{body}",
        body.len(),
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let status = response
        .split(' ')
        .nth(1)
        .ok_or("the server closed the connection")?;
    Ok(status.parse()?)
}

fn print_what_is_next(address: SocketAddr) {
    println!(
        "\nNow with Clerk: create an endpoint on the dashboard's Webhooks page, then start this with its\n\
         secret and forward to it:\n\n  \
         CLERK_WEBHOOK_SIGNING_SECRET=whsec_... cargo run --example quickstart\n  \
         clerk webhooks listen --forward-to http://{address}{ROUTE}\n\n\
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
