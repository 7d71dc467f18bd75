//! A receiver on loopback, as users write it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::post};
use clerk_webhooks::{ClerkWebhookLayer, VerifiedClerkEvent};

use crate::common::secret;

type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// It accepts what is signed with the secret of the tests.
pub(crate) struct Receiver {
    address: SocketAddr,
    seen: Seen,
}

impl Receiver {
    /// One that answers at once.
    pub(crate) fn start() -> Self {
        Self::answering_after(Duration::ZERO)
    }

    pub(crate) fn answering_after(delay: Duration) -> Self {
        let seen = Seen::default();
        let app = Router::new()
            .route(
                "/hook",
                post(on_event).route_layer(ClerkWebhookLayer::new(secret())),
            )
            .with_state((seen.clone(), delay));
        let address = serve(app);
        Self { address, seen }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Message id and type of what it accepted, in order.
    pub(crate) fn seen(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.seen().into_iter().map(|(id, _)| id).collect()
    }
}

/// Serves until the tests end.
pub(crate) fn serve(app: Router) -> SocketAddr {
    let (sender, started) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    started.recv().unwrap()
}

async fn on_event(
    State((seen, delay)): State<(Seen, Duration)>,
    event: VerifiedClerkEvent,
) -> StatusCode {
    let message = (
        event.message_id().to_owned(),
        event.event_type().as_str().to_owned(),
    );
    seen.lock().unwrap().push(message);
    tokio::time::sleep(delay).await;
    StatusCode::NO_CONTENT
}
