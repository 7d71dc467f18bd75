//! A worker's settings.

use std::{sync::Arc, time::Duration};

use clerk_webhooks::queue::RetryPolicy;

use super::{dead_letter::DeadLetter, operations::RETENTION};

/// The settings that every run needs.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) concurrency: usize,
    pub(super) lease: Duration,
    pub(super) longest_run: Duration,
    pub(super) max_crashes: i64,
    pub(super) retention: Duration,
    pub(super) retry_policy: RetryPolicy,
    pub(super) on_dead_letter: Arc<dyn Fn(&DeadLetter) + Send + Sync>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 10,
            lease: Duration::from_secs(10),
            longest_run: Duration::from_secs(15 * 60),
            max_crashes: 5,
            retention: RETENTION,
            retry_policy: RetryPolicy::new(),
            on_dead_letter: Arc::new(|_| {}),
        }
    }
}
