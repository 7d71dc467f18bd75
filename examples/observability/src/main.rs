//! Metrics and traces of a service that receives Clerk's webhooks.
//!
//! ```sh
//! cargo run -p example-observability             # serves until Ctrl-C; curl 127.0.0.1:3000/metrics
//! cargo run -p example-observability -- --once   # sends itself some deliveries, prints spans and metrics, and ends
//! ```
//!
//! `CLERK_WEBHOOK_SIGNING_SECRET_FILE` names the file with the endpoint's secrets, which is watched. Without the
//! variable the program makes a secret for this run. `PORT` (default 3000) says where to listen.

mod app;
#[path = "../../support/mod.rs"]
mod support;

use std::{error::Error, io, net::SocketAddr, process::ExitCode, time::Duration};

use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret,
    queue::EventHandler,
    testing::{SignedRequest, fixtures},
    verify::SecretErrorKind,
};
use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
use metrics_exporter_prometheus::PrometheusHandle;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::time::sleep;
use tracing_subscriber::{
    Layer as _, filter::LevelFilter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

#[tokio::main]
async fn main() -> ExitCode {
    let spans = trace_to_stdout();
    let ended = run().await;
    // Exports what is left.
    let ended = ended.and(spans.shutdown().map_err(Into::into));
    support::report("observability", ended)
}

/// Spans go to standard output, log lines to standard error.
fn trace_to_stdout() -> SdkTracerProvider {
    let exporter = opentelemetry_stdout::SpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter)
        .build();
    let tracer = provider.tracer("example-observability");
    let spans = tracing_opentelemetry::layer().with_tracer(tracer);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    tracing_subscriber::registry()
        .with(spans.with_filter(LevelFilter::INFO))
        .with(lines.with_filter(LevelFilter::INFO))
        .init();
    provider
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let recorder = app::install_recorder()?;
    let folder = tempfile::tempdir()?;
    let pool = open_sqlite(folder.path().join("queue.db")).await?;
    migrate(&pool).await?;
    let queue = Queue::new(&pool, "clerk").await?;

    let secret = support::throw_away_secret()?;
    let clerk = match ClerkWebhookLayer::from_env_file() {
        Err(error) if error.kind() == SecretErrorKind::NotSet || once => {
            ClerkWebhookLayer::new(secret.clone().with_label("this run"))
        }
        clerk => clerk?,
    };
    let app = app::router(clerk, queue.clone(), recorder.clone());
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    println!("metrics: http://{address}/metrics");
    let worker = queue.worker(EventHandler::new((), app::on_queued));
    tokio::select! {
        served = axum::serve(listener, app).into_future() => Ok(served?),
        () = worker.run() => Ok(()),
        () = keep_histograms_small(recorder) => Ok(()),
        ended = demonstrate(address, &secret), if once => ended,
    }
}

/// The exporter asks for this: otherwise its histograms grow until they are scraped.
async fn keep_histograms_small(recorder: PrometheusHandle) {
    loop {
        sleep(Duration::from_secs(5)).await;
        recorder.run_upkeep();
    }
}

async fn demonstrate(address: SocketAddr, secret: &SigningSecret) -> Result<(), Box<dyn Error>> {
    let forger = support::throw_away_secret()?;
    let created = fixtures::user_created();
    for (path, delivery) in [
        (
            "/webhooks/clerk",
            SignedRequest::new(secret, created.clone()),
        ),
        (
            "/webhooks/clerk",
            SignedRequest::new(&forger, created.clone()),
        ),
        (
            "/webhooks/clerk",
            SignedRequest::new(secret, fixtures::sms_created()),
        ),
        ("/webhooks/queued", SignedRequest::new(secret, created)),
    ] {
        let answer = support::deliver(address, path, &delivery).await?;
        println!("{path}: {}", answer.status);
    }
    let scraped = support::request(address, "GET", "/metrics", "", "").await?;
    let counters = scraped.body.lines().filter(|line| line.contains("_total{"));
    counters.for_each(|line| println!("{line}"));
    Ok(())
}
