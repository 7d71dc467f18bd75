//! The requests in flight.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts the requests that were sent and not answered yet, by server. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashMap<SocketAddr, usize>>>);

impl InFlight {
    /// How many requests are in flight to the server at `target`.
    #[must_use]
    pub fn at(&self, target: SocketAddr) -> usize {
        self.counts().get(&target).copied().unwrap_or(0)
    }

    /// How many requests are in flight to all servers.
    #[must_use]
    pub fn total(&self) -> usize {
        self.counts().values().sum()
    }

    /// Counts one more until the guard is dropped.
    pub(super) fn enter(&self, target: SocketAddr) -> Guard {
        *self.counts().entry(target).or_insert(0) += 1;
        Guard(self.clone(), target)
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<SocketAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Guard(InFlight, SocketAddr);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(count) = self.0.counts().get_mut(&self.1) {
            *count -= 1;
        }
    }
}
