//! Shutting down without aborting a handler.

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Stops an [`IdempotencyLayer`](super::IdempotencyLayer) from taking new deliveries, and waits for those
/// that run. A server's graceful shutdown does not wait for them: their senders may have gone.
///
/// ```
/// use std::time::Duration;
///
/// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
/// let drain = idempotency.drain_handle();
/// // axum::serve(listener, app).with_graceful_shutdown(..).await?;
/// if tokio::time::timeout(Duration::from_secs(30), drain.drain()).await.is_err() {
///     eprintln!("{} deliveries are aborted; they run again after their lease", drain.running());
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DrainHandle {
    running: TaskTracker,
    draining: CancellationToken,
}

impl DrainHandle {
    pub(super) fn new(running: TaskTracker, draining: CancellationToken) -> Self {
        Self { running, draining }
    }

    /// From now on new deliveries, and duplicates that wait, are answered 503; ends when no delivery is
    /// running. Dropping it midway does not open the layer again.
    pub async fn drain(&self) {
        self.draining.cancel();
        self.running.close();
        self.running.wait().await;
    }

    /// How many deliveries are being handled, or wait.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }
}
