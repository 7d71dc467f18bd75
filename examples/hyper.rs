//! Run with `cargo run --example hyper`: the same layer without axum, in a plain tower service on hyper 1.
//!
//! It sends itself a few deliveries, then serves until Ctrl-C; with `-- --once` it ends after the
//! deliveries. `PORT` (default 3000) is the port to listen on. `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's
//! secret; without it the program makes one for this run.

mod support;

use std::{convert::Infallible, error::Error, net::SocketAddr, process::ExitCode};

use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, EventData, SigningSecret, VerifiedBody, VerifiedClerkEvent, WebhookError,
    testing::SignedRequest,
};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};

use self::support::demonstration;

/// The argument proves that the delivery was verified: only the layer makes a `VerifiedBody`.
async fn on_request(request: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let delivery = request.body().delivery();
    println!(
        "received {}, {} bytes",
        delivery.message_id(),
        delivery.raw_body().len()
    );
    let event = VerifiedClerkEvent::decode(request.into_body().into_delivery());
    Ok(match event.map(|event| handle(&event)) {
        Ok(Ok(())) => no_content(),
        Ok(Err(failure)) => failure.to_response(),
        Err(rejection) => rejection.to_response(),
    })
}

fn handle(event: &VerifiedClerkEvent) -> Result<(), WebhookError> {
    match &event.data {
        EventData::UserCreated(user) => println!("{} is new", user.id),
        EventData::UserDeleted(user) if user.id == "user_1" => {
            return Err(WebhookError::permanent("user_1 cannot be deleted"));
        }
        _ => {}
    }
    Ok(())
}

fn no_content() -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

async fn serve(listener: TcpListener, clerk: ClerkWebhookLayer) -> Result<(), std::io::Error> {
    let service = ServiceBuilder::new()
        .layer(clerk)
        .service(service_fn(on_request));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = auto::Builder::new(TokioExecutor::new());
            if let Err(error) = connection
                .serve_connection(TokioIo::new(stream), service)
                .await
            {
                eprintln!("connection error: {error}");
            }
        });
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("hyper", run(support::once()).await)
}

async fn run(once: bool) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    let secret = support::throw_away_secret()?;
    let clerk = ClerkWebhookLayer::new(demonstration::verifier(secret.clone())?);
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    let server = tokio::spawn(serve(listener, clerk));
    demonstrate(address, &secret).await?;
    if !once {
        println!("\nCtrl-C ends.");
        tokio::select! {
            stopped = server => stopped??,
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
    }
    Ok(())
}

async fn demonstrate(address: SocketAddr, secret: &SigningSecret) -> Result<(), Box<dyn Error>> {
    let created = r#"{"type":"user.created","data":{"id":"user_1"}}"#;
    let deleted = r#"{"type":"user.deleted","data":{"id":"user_1"}}"#;
    let signed = |id, body| SignedRequest::new(secret, body).with_message_id(id);
    for (what, delivery) in [
        ("genuine", signed("msg_genuine", created)),
        (
            "forged",
            signed("msg_forged", created).with_altered_body(deleted),
        ),
        ("not an event", signed("msg_not_an_event", "{}")),
        ("permanent", signed("msg_permanent", deleted)),
    ] {
        let answer = support::deliver(address, "/", &delivery).await?;
        println!("  {what:<12} {} {}\n", answer.status, answer.body);
    }
    Ok(())
}
