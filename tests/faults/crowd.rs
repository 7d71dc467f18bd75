//! 500 strangers at once, under a deadline and a limit of requests at once.
//!
//! `axum::serve` applies a route's layers anew for each connection, unless `with_state` was called
//! before: tower's plain `ConcurrencyLimitLayer` then counts each connection by itself, and bounds
//! nothing. `GlobalConcurrencyLimitLayer` counts them all.

use std::sync::Arc;

use axum::{http::StatusCode, routing::MethodRouter};
use tokio::task::JoinSet;
use tower::{
    ServiceBuilder,
    limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer},
};
use tower_http::{
    timeout::{RequestBodyDeadlineLayer, TimeoutLayer},
    trace::TraceLayer,
};

use crate::{
    BODY, HYPER_BUFFER, KIB, MIB, alone,
    connection::{Connection, PATIENCE, head, in_chunks_of, with_length},
    forged_of,
    meter::print,
    server::{Server, Then, clerk},
    signed,
};

const CONNECTIONS: usize = 500;
const AT_ONCE: usize = 64;

/// The stack of `docs/production.md` without its `CatchPanicLayer`, and with deadlines that a loaded
/// machine meets.
fn production_stack(route: MethodRouter, max_body_bytes: usize) -> MethodRouter {
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(GlobalConcurrencyLimitLayer::new(AT_ONCE))
        .layer(RequestBodyDeadlineLayer::new(PATIENCE))
        .layer(clerk().with_max_body_bytes(max_body_bytes))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            PATIENCE,
        ));
    route.route_layer(stack)
}

/// The most memory in use at once: the bodies being read, as in `docs/production.md`, and beside them what
/// hyper holds of connections. It keeps the buffer of one that stays open; one that waits has little.
fn arithmetic(bytes_of_a_body: usize, then: Then) -> usize {
    let bodies = AT_ONCE * 2 * bytes_of_a_body;
    let hyper = match then {
        Then::Closes => AT_ONCE * HYPER_BUFFER + CONNECTIONS * 32 * KIB,
        Then::Stays => CONNECTIONS * HYPER_BUFFER,
    };
    bodies + hyper
}

#[test]
fn five_hundred_uploads_of_1_mib_keep_to_the_arithmetic() {
    alone(async {
        let forged = forged_of(MIB);
        let declared = Arc::<[u8]>::from(with_length(&forged));
        let chunked = Arc::<[u8]>::from(in_chunks_of(16 * KIB, &forged));
        for (fault, limit, request, status, then) in [
            (
                "declared, limit 256 KiB",
                256 * KIB,
                &declared,
                413,
                Then::Closes,
            ),
            (
                "chunked, limit 256 KiB",
                256 * KIB,
                &chunked,
                413,
                Then::Closes,
            ),
            (
                "declared, limit 2 MiB",
                2 * MIB,
                &declared,
                400,
                Then::Stays,
            ),
            ("chunked, limit 2 MiB", 2 * MIB, &chunked, 400, Then::Stays),
        ] {
            let fault = format!("500 x 1 MiB at once, forged, {fault}");
            let mut server = Server::start_with(move |route| production_stack(route, limit)).await;
            let connections = connect(&server).await;
            let meter = server.meter();
            let connections = all_at_once(connections, request, status).await;
            let cost = meter.stop();
            cost.assert_peak_at_most(arithmetic(limit.min(MIB), then), &fault);
            assert!(server.handled().is_empty());
            for mut connection in connections {
                then.assert(&mut server, &mut connection).await;
            }
            server.assert_goes_on().await;
            print(&fault, &status.to_string(), then.name(), &cost);
        }
    });
}

async fn connect(server: &Server) -> Vec<Connection> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(server.connect().await);
    }
    connections
}

/// Gives the connections back once all are answered.
async fn all_at_once(
    connections: Vec<Connection>,
    request: &Arc<[u8]>,
    status: u16,
) -> Vec<Connection> {
    let uploads: JoinSet<_> = connections
        .into_iter()
        .map(|mut connection| {
            let request = Arc::clone(request);
            async move {
                assert_eq!(connection.exchange(&request).await, status);
                connection
            }
        })
        .collect();
    uploads.join_all().await
}

#[test]
fn a_global_limit_counts_all_connections() {
    let limit = GlobalConcurrencyLimitLayer::new(1);
    alone(assert_connections_share(|route| route.route_layer(limit)));
}

#[test]
fn a_plain_limit_counts_all_connections_once_there_is_state() {
    let limit = ConcurrencyLimitLayer::new(1);
    alone(assert_connections_share(|route| {
        route.route_layer(limit).with_state(())
    }));
}

/// Not what one would want, but what axum and tower do: should it change, `docs/production.md` may say so.
#[test]
fn a_plain_limit_counts_each_connection_by_itself() {
    alone(async {
        let limit = ConcurrencyLimitLayer::new(1);
        let (mut server, mut holder) = held_by_one(|route| route.route_layer(limit)).await;
        let mut second = server.connect().await;
        let beside = signed().with_message_id("msg_second");
        assert_eq!(second.exchange(with_length(&beside)).await, 204);
        assert_eq!(holder.exchange(BODY).await, 204);
        assert_eq!(server.handled(), ["msg_second", "msg_first"]);
    });
}

async fn assert_connections_share(
    limit: impl FnOnce(MethodRouter) -> MethodRouter + Send + 'static,
) {
    let (mut server, mut holder) = held_by_one(limit).await;
    let mut second = server.connect().await;
    let behind = signed().with_message_id("msg_second");
    second.send(with_length(&behind)).await;
    // Another request of the same server, which has seen the second delivery by now.
    assert_eq!(other_method(&server).await, 405);
    assert!(server.handled().is_empty());
    assert_eq!(holder.exchange(BODY).await, 204);
    assert_eq!(second.status().await, 204);
    assert_eq!(server.handled(), ["msg_first", "msg_second"]);
}

/// A server whose one permit is taken by a sender that has not sent its body yet.
async fn held_by_one(
    limit: impl FnOnce(MethodRouter) -> MethodRouter + Send + 'static,
) -> (Server, Connection) {
    let server = Server::start_with(|route| limit(route.route_layer(clerk()))).await;
    let mut holder = server.connect().await;
    let first = signed().with_message_id("msg_first");
    let framing = format!("expect: 100-continue\r\ncontent-length: {}", BODY.len());
    holder.send(head(&first, &framing)).await;
    assert_eq!(holder.status().await, 100, "the layer reads the body");
    (server, holder)
}

async fn other_method(server: &Server) -> u16 {
    let mut connection = server.connect().await;
    let request = "GET /webhooks/clerk HTTP/1.1\r\nhost: x\r\n\r\n";
    connection.exchange(request).await
}
