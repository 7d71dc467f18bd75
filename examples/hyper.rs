//! Run with `cargo run --example hyper`: the same layer without axum, in a plain tower service on hyper 1.
//!
//! It sends itself a few deliveries, then serves until Ctrl-C; with `-- --once` it ends after the
//! deliveries. `PORT` (default 3000) says where to listen. The signing secret is made for this run.

mod support;

use std::{convert::Infallible, error::Error, net::SocketAddr, process::ExitCode};

use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, EventData, SigningSecret, VerifiedBody, VerifiedClerkEvent, Verifier,
    WebhookError, testing::SignedRequest,
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

/// Its argument is the proof: only the layer makes a `VerifiedBody`.
async fn on_request(request: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let delivery = request.body().delivery();
    println!(
        "{} came, {} bytes",
        delivery.message_id(),
        delivery.raw_body().len()
    );
    let response = match VerifiedClerkEvent::decode(request.into_body().into_delivery()) {
        Ok(event) => match handle(&event) {
            Ok(()) => answer(StatusCode::NO_CONTENT, ""),
            Err(failure) => {
                println!("{} failed: {failure}", event.message_id());
                let mut response = answer(failure.status(), failure.body_text());
                response.headers_mut().extend(failure.headers());
                response
            }
        },
        Err(rejection) => answer(rejection.status(), rejection.body_text()),
    };
    Ok(response)
}

fn handle(event: &VerifiedClerkEvent) -> Result<(), WebhookError> {
    match &event.data {
        EventData::UserCreated(user) => println!("{} is new", user.id),
        EventData::UserDeleted(_) => return Err(WebhookError::permanent("users stay")),
        _ => {}
    }
    Ok(())
}

fn answer(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
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
                eprintln!("a connection broke: {error}");
            }
        });
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("hyper", run(support::once()).await)
}

async fn run(once: bool) -> Result<(), Box<dyn Error>> {
    let secret = support::throw_away_secret()?;
    let clerk = ClerkWebhookLayer::new(Verifier::new(secret.clone()));
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
        ("no event", signed("msg_no_event", "{}")),
        ("hopeless", signed("msg_hopeless", deleted)),
    ] {
        let answer = support::deliver(address, "/", &delivery).await?;
        println!("  {what:<10} {} {}\n", answer.status, answer.body);
    }
    Ok(())
}
