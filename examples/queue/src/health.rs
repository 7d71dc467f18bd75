//! Routes for load balancers and service managers. No layer is around them: their callers have no signature.

use std::time::Duration;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::time::timeout;

use crate::{
    engines::Engine,
    shutdown::{Phase, Phases},
};

/// Less than probes usually wait.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn routes<Q: Engine>(queue: Q, phases: Phases) -> Router {
    Router::new()
        // A restart does not bring back a database, so this does not ask it.
        .route("/livez", get(async || StatusCode::OK))
        .route("/readyz", get(readyz::<Q>))
        .with_state((queue, phases))
}

async fn readyz<Q: Engine>(
    State((queue, phases)): State<(Q, Phases)>,
) -> (StatusCode, &'static str) {
    if phases.now() > Phase::Running {
        return (StatusCode::SERVICE_UNAVAILABLE, "shutting down");
    }
    match timeout(PATIENCE, queue.answers()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready"),
        // Why is in the log of the deliveries, which are answered 503.
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the queue does not answer"),
    }
}
