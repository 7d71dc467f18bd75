//! [`Stopwatch`]: measures time, if somebody wants to know.

use std::time::{Duration, Instant};

/// Whether there is a clock to measure with, and a recorder may be installed.
const IS_ON: bool =
    cfg!(feature = "metrics") && !cfg!(all(target_family = "wasm", target_os = "unknown"));

#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(IS_ON.then(Instant::now))
    }

    pub(crate) fn elapsed(self) -> Option<Duration> {
        self.0.map(|begun| begun.elapsed())
    }
}
