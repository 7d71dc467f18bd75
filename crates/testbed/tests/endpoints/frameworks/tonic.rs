//! tonic: the routes of axum's module beside a gRPC service, on one port.

use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};

use super::axum::app;
use crate::framework::{Framework, on_a_free_port};

pub(crate) const TONIC: Framework = Framework {
    name: "tonic",
    start: |handler| {
        on_a_free_port(async |listener| {
            let listener = TcpListener::from_std(listener).unwrap();
            let routes = Routes::from(app(handler));
            let server = Server::builder().accept_http1(true).add_routes(routes);
            server
                .serve_with_incoming(TcpIncoming::from(listener))
                .await
        })
    },
    exceptions: &[],
};
