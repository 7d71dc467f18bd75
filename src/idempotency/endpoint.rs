//! An endpoint: the state that its layer, services and runs share.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{counts::Counters, waiters::Waiters};

/// How many claims that may or may not exist are withdrawn at the same time. Any others end with their lease.
const MAX_WITHDRAWALS: usize = 256;

/// A handle. Clones share everything except the settings.
pub(super) struct Endpoint<St> {
    pub(super) shared: Arc<Shared<St>>,
    pub(super) settings: Settings,
}

pub(super) struct Shared<St> {
    pub(super) store: St,
    pub(super) scope: Arc<str>,
    pub(super) running: TaskTracker,
    pub(super) draining: CancellationToken,
    pub(super) waiters: Waiters,
    pub(super) withdrawals: Arc<Semaphore>,
    pub(super) counters: Counters,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) lease: Duration,
    pub(super) retention: Duration,
    pub(super) longest_run: Duration,
    pub(super) store_timeout: Duration,
    pub(super) duplicate_wait: Duration,
    pub(super) max_running: usize,
    pub(super) max_waiting: usize,
}

impl<St> Endpoint<St> {
    pub(super) fn new(store: St, scope: Arc<str>, settings: Settings) -> Self {
        let shared = Shared {
            store,
            counters: Counters::new(&scope),
            scope,
            running: TaskTracker::new(),
            draining: CancellationToken::new(),
            waiters: Waiters::default(),
            withdrawals: Arc::new(Semaphore::new(MAX_WITHDRAWALS)),
        };
        Self {
            shared: Arc::new(shared),
            settings,
        }
    }
}

/// Written by hand, since the store is shared and need not be `Clone`.
impl<St> Clone for Endpoint<St> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            settings: self.settings,
        }
    }
}
