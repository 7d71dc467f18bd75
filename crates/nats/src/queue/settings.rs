//! A worker's settings.

use std::{fmt, sync::Arc, time::Duration};

use clerk_webhooks::queue::RetryPolicy;

use super::dead_letter::DeadLetter;

/// The settings that every run needs.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) concurrency: u32,
    pub(super) lease: Duration,
    pub(super) longest_run: Duration,
    pub(super) max_crashes: u32,
    pub(super) retry_policy: RetryPolicy,
    pub(super) on_dead_letter: Arc<dyn Fn(&DeadLetter) + Send + Sync>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 10,
            lease: Duration::from_secs(30),
            longest_run: Duration::from_secs(15 * 60),
            max_crashes: 5,
            retry_policy: RetryPolicy::new(),
            on_dead_letter: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("concurrency", &self.concurrency)
            .field("lease", &self.lease)
            .field("longest_run", &self.longest_run)
            .field("max_crashes", &self.max_crashes)
            .field("retry_policy", &self.retry_policy)
            .finish_non_exhaustive()
    }
}
