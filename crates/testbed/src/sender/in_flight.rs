//! What is under way at this moment.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Requests that were sent and are not answered yet, by the server that they went to. A handle: clones
/// count the same requests.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashMap<SocketAddr, usize>>>);

impl InFlight {
    /// How many the server at `target` holds now.
    #[must_use]
    pub fn at(&self, target: SocketAddr) -> usize {
        self.counts().get(&target).copied().unwrap_or(0)
    }

    /// How many there are now.
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
