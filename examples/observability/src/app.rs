//! The service: one route that handles at once, one that queues, and the route that Prometheus scrapes.

use std::{future::ready, time::Duration};

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    routing::{get, post, post_service},
};
use clerk_webhooks::{
    ClerkEvent, ClerkWebhookLayer, EventData, VerifiedClerkEvent, WebhookError,
    idempotency::{IdempotencyLayer, MemoryStore},
    queue::{Enqueue, EventContext},
};
use clerk_webhooks_sqlx::queue::Queue;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use sqlx::Sqlite;
use tower_http::trace::TraceLayer;
use tracing::{Span, info_span};

/// Installs the recorder. Call it before the first delivery.
pub(crate) fn install_recorder() -> Result<PrometheusHandle, BuildError> {
    let seconds = [0.0001, 0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 15.0];
    let skew = [-300.0, -60.0, -10.0, 0.0, 1.0, 10.0, 60.0, 300.0];
    let bytes = [1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 2_097_152.0];
    let suffix = |suffix: &str| Matcher::Suffix(suffix.to_owned());
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(suffix("_duration_seconds"), &seconds)?
        .set_buckets_for_metric(suffix("_skew_seconds"), &skew)?
        .set_buckets_for_metric(suffix("_body_bytes"), &bytes)?
        .install_recorder()?;
    clerk_webhooks::metrics::describe();
    Ok(recorder)
}

pub(crate) fn router(
    clerk: ClerkWebhookLayer,
    queue: Queue<Sqlite>,
    recorder: PrometheusHandle,
) -> Router {
    let idempotency = IdempotencyLayer::new(MemoryStore::new(), "direct");
    let direct = post(on_event).route_layer(idempotency);
    Router::new()
        .route("/webhooks/clerk", direct.route_layer(clerk.clone()))
        .route(
            "/webhooks/queued",
            post_service(Enqueue::new(queue)).route_layer(clerk),
        )
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(http_span)
                .on_response(record_status),
        )
        .route("/metrics", get(move || ready(recorder.render())))
}

async fn on_event(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
    match &event.data {
        EventData::EmailCreated(_) => Err(WebhookError::retry("the archive of e-mails is down")),
        EventData::SmsCreated(_) => Err(WebhookError::permanent("nobody archives text messages")),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

pub(crate) async fn on_queued(event: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
    match &event.data {
        EventData::SmsCreated(_) => Err(WebhookError::permanent("nobody archives text messages")),
        _ => Ok(()),
    }
}

/// A server's span by OpenTelemetry's conventions for HTTP. A `traceparent` of the caller is not used: Svix sends
/// none.
fn http_span<B>(request: &Request<B>) -> Span {
    info_span!(
        "request",
        otel.name = format!("{} {}", request.method(), request.uri().path()),
        otel.kind = "server",
        http.request.method = request.method().as_str(),
        url.path = request.uri().path(),
        http.response.status_code = tracing::field::Empty,
    )
}

fn record_status<B>(response: &axum::http::Response<B>, _: Duration, span: &Span) {
    span.record("http.response.status_code", response.status().as_u16());
}
