//! The order of a shutdown: probes, server, worker.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::watch, time::sleep};

/// No sender waits longer for its answer.
const SENDER_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Running,
    /// The service says that it is not ready, and takes what still comes until load balancers have noticed.
    Draining,
    /// No new connections. Requests that have begun are answered.
    ServerStops,
    /// No new events. Handlers that have begun run to their end.
    WorkerStops,
}

/// The phase of this process. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Phases(Arc<watch::Sender<Phase>>);

impl Phases {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Running)))
    }

    pub(crate) fn now(&self) -> Phase {
        *self.0.borrow()
    }

    pub(crate) fn advance(&self, to: Phase) {
        self.0.send_modify(|phase| *phase = to.max(*phase));
    }

    /// Ready when this phase, or a later one, has begun.
    pub(crate) fn reached(&self, phase: Phase) -> impl Future<Output = ()> + Send + use<> {
        let mut phases = self.0.subscribe();
        async move {
            let _ = phases.wait_for(|now| *now >= phase).await;
        }
    }

    /// Waits for Ctrl-C or SIGTERM, and stops the server a while later. Ends only when signals cannot be awaited.
    pub(crate) async fn follow_signal(&self, drain: Duration) -> io::Result<()> {
        signal().await?;
        println!("\nshutting down");
        self.advance(Phase::Draining);
        sleep(drain).await;
        self.advance(Phase::ServerStops);
        std::future::pending().await
    }

    /// Serves until [`Phase::ServerStops`], and answers what has begun. A sender that stalls does not hold this up for ever.
    pub(crate) async fn serve(&self, listener: TcpListener, app: Router) -> io::Result<()> {
        let stop = self.reached(Phase::ServerStops);
        let server = axum::serve(listener, app).with_graceful_shutdown(stop);
        let too_long = async {
            self.reached(Phase::ServerStops).await;
            sleep(SENDER_TIMEOUT).await;
        };
        tokio::select! {
            ended = server => ended,
            () = too_long => {
                println!("gave up on requests that are still incomplete");
                Ok(())
            }
        }
    }
}

/// Ctrl-C, or a service manager's SIGTERM.
async fn signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
