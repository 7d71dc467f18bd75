//! The queue's own connections.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Database, Pool, pool::PoolConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{connect, engine::Engine};

/// For how long connections are kept before the pool checks them again.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// A pool's connections, kept after use: to give one back to the pool costs a round trip, in which sqlx checks it.
pub(crate) struct Connections<DB: Database> {
    pool: Pool<DB>,
    /// As many as the pool may have connections.
    permits: Semaphore,
    /// Kept since this moment. The newest is used first.
    kept: Mutex<(Instant, Vec<PoolConnection<DB>>)>,
}

/// A connection with its permit. It goes back to the pool when it is dropped, unless it is
/// [kept](Connections::keep).
pub(crate) type Acquired<'a, DB> = (PoolConnection<DB>, SemaphorePermit<'a>);

impl<DB: Engine> Connections<DB> {
    pub(crate) fn new(pool: Pool<DB>) -> Self {
        Self {
            permits: Semaphore::new(pool.options().get_max_connections() as usize),
            pool,
            kept: Mutex::new((Instant::now(), Vec::new())),
        }
    }

    /// How many are open.
    pub(crate) fn count(&self) -> u32 {
        self.pool.size()
    }

    /// A connection, or the reason why there is none.
    pub(crate) async fn acquire(&self) -> sqlx::Result<Acquired<'_, DB>> {
        let permit = connect::in_time(&self.pool, self.permits.acquire()).await?;
        let permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        self.connection(permit).await
    }

    /// A connection, if one is free at once.
    pub(crate) async fn try_acquire(&self) -> Option<sqlx::Result<Acquired<'_, DB>>> {
        let permit = self.permits.try_acquire().ok()?;
        Some(self.connection(permit).await)
    }

    async fn connection<'a>(
        &'a self,
        permit: SemaphorePermit<'a>,
    ) -> sqlx::Result<Acquired<'a, DB>> {
        let kept = self.kept(|kept| kept.pop());
        let connection = match kept {
            Some(kept) => kept,
            None => connect::acquire(&self.pool).await?,
        };
        Ok((connection, permit))
    }

    /// Keeps a connection that has answered for its next use.
    pub(crate) fn keep(&self, (connection, _permit): Acquired<'_, DB>) {
        self.kept(|kept| kept.push(connection));
    }

    fn kept<T>(&self, change: impl FnOnce(&mut Vec<PoolConnection<DB>>) -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0.elapsed() > KEPT_FOR {
            *kept = (Instant::now(), Vec::new());
        }
        change(&mut kept.1)
    }
}
