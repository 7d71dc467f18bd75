//! 500 strangers at once, under the stack that the README recommends.

use std::sync::Arc;

use axum::{http::StatusCode, routing::MethodRouter};
use tokio::task::JoinSet;
use tower::{ServiceBuilder, limit::ConcurrencyLimitLayer};
use tower_http::{
    timeout::{RequestBodyDeadlineLayer, TimeoutLayer},
    trace::TraceLayer,
};

use crate::{
    HYPER_BUFFER, KIB, MIB, alone,
    common::connection::{Connection, PATIENCE, in_chunks_of, with_length},
    forged_of,
    meter::print,
    server::{Server, clerk},
};

const CONNECTIONS: usize = 500;
const AT_ONCE: usize = 64;

/// With deadlines that a loaded machine meets.
fn recommended_stack(route: MethodRouter, max_body_bytes: usize) -> MethodRouter {
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(ConcurrencyLimitLayer::new(AT_ONCE))
        .layer(RequestBodyDeadlineLayer::new(PATIENCE))
        .layer(clerk().with_max_body_bytes(max_body_bytes))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            PATIENCE,
        ));
    route.route_layer(stack)
}

/// What is in use at once, at most: bodies that are read, as the README has it, and beside them hyper's
/// buffers of those and of the heads that wait.
fn arithmetic(bytes_of_a_body: usize) -> usize {
    let reading = AT_ONCE * (3 * bytes_of_a_body + 2 * HYPER_BUFFER);
    let waiting = CONNECTIONS * 64 * KIB;
    reading + waiting
}

#[test]
fn five_hundred_uploads_of_1_mib() {
    alone(async {
        let forged = forged_of(MIB);
        let declared = Arc::<[u8]>::from(with_length(&forged));
        let chunked = Arc::<[u8]>::from(in_chunks_of(16 * KIB, &forged));
        for (fault, limit, request, status) in [
            ("declared, limit 256 KiB", 256 * KIB, &declared, 413),
            ("chunked, limit 256 KiB", 256 * KIB, &chunked, 413),
            ("declared, limit 2 MiB", 2 * MIB, &declared, 400),
            ("chunked, limit 2 MiB", 2 * MIB, &chunked, 400),
        ] {
            let fault = format!("500 x 1 MiB, forged, {fault}");
            let mut server = Server::start_with(move |route| recommended_stack(route, limit)).await;
            let mut connections = Vec::new();
            for _ in 0..CONNECTIONS {
                connections.push(server.connect().await);
            }
            let meter = server.meter();
            all_at_once(connections, request, status).await;
            let cost = meter.stop();
            cost.assert_peak_at_most(arithmetic(limit.min(MIB)), &fault);
            assert!(server.handled().is_empty());
            server.assert_goes_on().await;
            server.idle().await;
            print(&fault, &status.to_string(), "closes", &cost);
        }
    });
}

async fn all_at_once(connections: Vec<Connection>, request: &Arc<[u8]>, status: u16) {
    let mut uploads: JoinSet<_> = connections
        .into_iter()
        .map(|mut connection| {
            let request = Arc::clone(request);
            async move { connection.exchange(&request).await }
        })
        .collect();
    while let Some(answered) = uploads.join_next().await {
        assert_eq!(answered.unwrap(), status);
    }
}
