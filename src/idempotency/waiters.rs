//! Deliveries that wait for another delivery of their message to end.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

use super::store::MessageKey;

/// All waiting deliveries of this process. They are few, so a list is enough.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<Vec<(MessageKey, Arc<Notify>)>>);

/// One waiting delivery. Dropping this ends the wait.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    waiters: &'a Waiters,
    wake: Arc<Notify>,
}

impl Waiters {
    /// `None` when `max` deliveries wait already.
    pub(super) fn enter(&self, key: &MessageKey, max: usize) -> Option<Waiter<'_>> {
        let mut waiting = self.lock();
        if max <= waiting.len() {
            return None;
        }
        let wake = Arc::new(Notify::new());
        waiting.push((key.clone(), Arc::clone(&wake)));
        Some(Waiter {
            waiters: self,
            wake,
        })
    }

    /// Wakes all deliveries that wait for this message: its run has ended, or may have ended.
    pub(super) fn wake(&self, key: &MessageKey) {
        let waiting = self.lock();
        let same = waiting.iter().filter(|(waiting_for, _)| waiting_for == key);
        same.for_each(|(_, wake)| wake.notify_one());
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Vec<(MessageKey, Arc<Notify>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter<'_> {
    /// Returns when it is woken, or was woken since the last call; after `longest` at the latest.
    pub(super) async fn wait(&self, longest: Duration) {
        let _ = timeout(longest, self.wake.notified()).await;
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let is_other = |other: &Arc<Notify>| !Arc::ptr_eq(other, &self.wake);
        self.waiters.lock().retain(|(_, wake)| is_other(wake));
    }
}
