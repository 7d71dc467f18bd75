//! Shutting down without aborting a handler.

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Makes an [`IdempotencyLayer`](super::IdempotencyLayer) refuse new deliveries, and waits until the running
/// ones end. The server's graceful shutdown does not wait for a delivery whose sender has disconnected.
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

    /// Answers new deliveries and waiting duplicates 503 from now on. Returns when no delivery is running.
    ///
    /// Dropping this future does not make the layer accept deliveries again.
    ///
    /// ```
    /// # use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let idempotency = IdempotencyLayer::new(MemoryStore::new(), "users");
    /// let drain = idempotency.drain_handle();
    /// drain.drain().await;
    /// assert_eq!(drain.running(), 0);
    /// # }
    /// ```
    pub async fn drain(&self) {
        self.draining.cancel();
        self.running.close();
        self.running.wait().await;
    }

    /// How many deliveries are being handled or are waiting; 0 after a [`drain`](Self::drain).
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }
}
