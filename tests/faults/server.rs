//! axum with the layer, on a thread of its own, so that its CPU time is not the client's.

use std::{net::SocketAddr, thread::JoinHandle, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    routing::{MethodRouter, post},
};
use clerk_webhooks::{ClerkWebhookLayer, VerifiedClerkEvent, Verifier};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    select,
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

use crate::{
    common::secret,
    connection::{Connection, PATIENCE, with_length},
    meter::{Meter, ThreadClock, print},
    signed,
};

/// One route, which tells the message ids that its handler saw.
pub(crate) struct Server {
    running: Running,
    handled: mpsc::UnboundedReceiver<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Running {
    address: SocketAddr,
    clock: ThreadClock,
    runtime: Handle,
}

/// What must come of a fault.
pub(crate) struct Expected {
    /// As it is named in the table.
    pub(crate) fault: String,
    pub(crate) status: u16,
    pub(crate) then: Then,
    pub(crate) peak_at_most: usize,
}

/// What becomes of a connection after the answer.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Stays,
    Closes,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|route| route.route_layer(clerk())).await
    }

    /// With the layers that `wrap` puts around the handler, the verifying one included.
    pub(crate) async fn start_with(
        wrap: impl FnOnce(MethodRouter) -> MethodRouter + Send + 'static,
    ) -> Self {
        let (saw, handled) = mpsc::unbounded_channel();
        let (started, running) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let handler = move |event: VerifiedClerkEvent| async move {
            saw.send(event.message_id().to_owned()).unwrap();
            StatusCode::NO_CONTENT
        };
        let thread = std::thread::spawn(move || serve(wrap(post(handler)), started, stopped));
        let mut server = Self {
            running: running.await.unwrap(),
            handled,
            stop: Some(stop),
            thread: Some(thread),
        };
        // What is allocated once, at the first request, is no fault's.
        server.assert_goes_on().await;
        server
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.running.address).await
    }

    pub(crate) fn meter(&self) -> Meter {
        Meter::start(&self.running.clock)
    }

    /// The message ids of the deliveries that the handler saw since it was asked last.
    pub(crate) fn handled(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.handled.try_recv().ok()).collect()
    }

    /// Lets `commit` do its fault on a connection and give the status that it was answered; proves that
    /// what came of it was expected, and prints it.
    pub(crate) async fn suffer(
        &mut self,
        expected: Expected,
        commit: impl AsyncFnOnce(&mut Connection) -> u16,
    ) {
        let Expected {
            fault,
            status,
            then,
            peak_at_most,
        } = expected;
        let mut connection = self.connect().await;
        let meter = self.meter();
        let answered = commit(&mut connection).await;
        let cost = meter.stop();
        assert_eq!(answered, status, "{fault}");
        cost.assert_peak_at_most(peak_at_most, &fault);
        let runs = usize::from(status == 204);
        assert_eq!(self.handled().len(), runs, "{fault}: runs of the handler");
        then.assert(self, &mut connection).await;
        self.assert_goes_on().await;
        print(&fault, &status.to_string(), then.name(), &cost);
    }

    /// A genuine delivery arrives, and so far nothing else did.
    pub(crate) async fn assert_usable(&mut self, connection: &mut Connection) {
        let genuine = signed();
        connection.send(with_length(&genuine)).await;
        assert_eq!(connection.status().await, 204);
        assert_eq!(self.handled(), [genuine.header_pairs()[0].1.as_str()]);
    }

    /// A genuine delivery arrives over a new connection.
    pub(crate) async fn assert_goes_on(&mut self) {
        let mut connection = self.connect().await;
        self.assert_usable(&mut connection).await;
    }

    /// Waits until the server has done with all connections, which their senders have left.
    pub(crate) async fn idle(&self) {
        // tokio tells of a task's end to nobody but who holds its handle: ask until it is so.
        let waiting = async {
            while self.running.runtime.metrics().num_alive_tasks() > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, waiting).await.expect("all tasks ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

impl Then {
    pub(crate) async fn assert(self, server: &mut Server, connection: &mut Connection) {
        match self {
            Self::Stays => server.assert_usable(connection).await,
            Self::Closes => connection.closed().await,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stays => "stays",
            Self::Closes => "closes",
        }
    }
}

pub(crate) fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret()))
}

fn serve(route: MethodRouter, started: oneshot::Sender<Running>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = Running {
            address: listener.local_addr().unwrap(),
            clock: ThreadClock::this(),
            runtime: Handle::current(),
        };
        assert!(
            started.send(running).is_ok(),
            "the test waits for the server"
        );
        let app = Router::new().route("/webhooks/clerk", route);
        select! {
            ended = async { axum::serve(listener, app).await } => ended.unwrap(),
            _ = stopped => {}
        }
    });
}
