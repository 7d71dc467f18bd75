//! Run with `cargo run -p example-actix`: a service that receives Clerk's webhooks on 127.0.0.1, with actix-web.
//!
//! It first sends itself three deliveries to show what happens, then serves until Ctrl-C; with `-- --once`
//! it ends after the deliveries, and two more: a duplicate, and one for the queue. `PORT` (default 3000) says
//! where to listen. `CLERK_WEBHOOK_SIGNING_SECRET` holds the endpoint's secret; without it the program makes
//! one for this run.
//!
//! `/webhooks/clerk` handles each message once. `/webhooks/clerk/queued` acknowledges each at once and stores it
//! in a queue, `queue.db`; `examples/queue` shows the workers that process it.

#[path = "../../../support/mod.rs"]
mod support;

use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use actix_web::{
    App, Error as ActixError, HttpResponse, HttpServer,
    body::MessageBody,
    dev::ServiceResponse,
    middleware::{ErrorHandlerResponse, ErrorHandlers},
    web::{Data, post},
};
use clerk_webhooks::{
    EventData, SigningSecret,
    idempotency::{IdempotencyLayer, MemoryStore},
    queue::{EventQueue as _, QueuedEvent},
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_actix::{Rejection, VerifiedClerkEvent, WebhookEndpoint, WebhookError};
use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
use sqlx::Sqlite;

use self::support::demonstration::{self, ROUTE};

const COMMAND: &str = "cargo run -p example-actix";
const QUEUED_ROUTE: &str = "/webhooks/clerk/queued";

/// Counts what is running, too: one for the whole service, not one for each worker of actix-web.
type Once = IdempotencyLayer<MemoryStore>;

/// Runs for verified deliveries only, and the handler within once for each message.
async fn on_event(event: VerifiedClerkEvent, once: Data<Once>) -> Result<HttpResponse, ActixError> {
    let delivery = event.delivery().clone();
    let ran = once.run(&delivery, handle(event)).await;
    Ok(
        match ran.map_err(Rejection::from)?.map_err(WebhookError::from)? {
            Some(()) => HttpResponse::NoContent().finish(),
            None => HttpResponse::Ok().body("already processed"),
        },
    )
}

/// The handler. It continues when the sender disconnects.
async fn handle(event: VerifiedClerkEvent) -> Result<(), clerk_webhooks::WebhookError> {
    demonstration::print_accepted(&event);
    match &event.data {
        EventData::UserCreated(user) => println!("  └ the handler saw a new user, {}", user.id),
        EventData::UserDeleted(user) => println!("  └ the handler saw {} go", user.id),
        _ => {}
    }
    Ok(())
}

/// Acknowledges the delivery as soon as it is stored. A queue that fails is answered 500: Clerk sends it again.
async fn enqueue(
    event: VerifiedClerkEvent,
    queue: Data<Queue<Sqlite>>,
) -> Result<HttpResponse, WebhookError> {
    let event = QueuedEvent::from(event.delivery());
    let enqueued = queue.enqueue(&event, None).await?;
    println!("queued {}: {enqueued:?}", event.message_id());
    Ok(HttpResponse::Accepted().finish())
}

/// Refusals never reach the handler; the response carries their reason.
fn print_refused<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
) -> Result<ErrorHandlerResponse<B>, ActixError> {
    let error = response.response().error();
    if let Some(rejection) = error.and_then(|error| error.as_error::<Rejection>()) {
        demonstration::print_refused(rejection);
    }
    Ok(ErrorHandlerResponse::Response(
        response.map_into_left_body(),
    ))
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let listener = support::listen(once).await?.into_std()?;
    let address = listener.local_addr()?;
    let secret = support::throw_away_secret()?;
    // In yours: `WebhookEndpoint::from_env()?`, which reads the secret.
    let endpoint = WebhookEndpoint::new(demonstration::verifier(secret.clone())?);
    let idempotency = Data::new(IdempotencyLayer::new(MemoryStore::new(), "users"));
    let folder = tempfile::tempdir()?;
    let file = match once {
        true => folder.path().join("queue.db"),
        false => PathBuf::from("queue.db"),
    };
    let queue = Data::new(open_queue(&file).await?);
    let app = move || {
        App::new()
            .app_data(endpoint.clone())
            .app_data(idempotency.clone())
            .app_data(queue.clone())
            .wrap(ErrorHandlers::new().default_handler(print_refused))
            .route(ROUTE, post().to(on_event))
            .route(QUEUED_ROUTE, post().to(enqueue))
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    tokio::select! {
        served = server.listen(listener)?.run() => Ok(served?),
        shown = demonstrate(address, &secret, once) => shown,
    }
}

async fn open_queue(file: &Path) -> Result<Queue<Sqlite>, Box<dyn Error>> {
    let pool = open_sqlite(file).await?;
    migrate(&pool).await?;
    Ok(Queue::new(&pool, "clerk").await?)
}

async fn demonstrate(
    address: SocketAddr,
    secret: &SigningSecret,
    once: bool,
) -> Result<(), Box<dyn Error>> {
    demonstration::run(COMMAND, address, secret, once).await?;
    if once {
        let signed = SignedRequest::new(secret, fixtures::user_created());
        let duplicate = signed.clone().with_message_id("msg_genuine");
        let answer = support::deliver(address, ROUTE, &duplicate).await?;
        println!(
            "a duplicate of msg_genuine: {} {}",
            answer.status, answer.body
        );
        let queued = signed.with_message_id("msg_queued");
        demonstration::expect(
            support::deliver(address, QUEUED_ROUTE, &queued)
                .await?
                .status,
            202,
        )?;
    }
    Ok(())
}

#[actix_web::main]
async fn main() -> ExitCode {
    support::report("example-actix", run().await)
}
