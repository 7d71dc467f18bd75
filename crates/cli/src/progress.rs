//! A line of progress on standard error, only on a terminal.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

const WIDTH: usize = 30;
const BETWEEN: Duration = Duration::from_millis(100);

pub(crate) struct Progress {
    name: &'static str,
    total: usize,
    shown: bool,
    next: Instant,
}

impl Progress {
    /// Shows progress from `least` on.
    pub(crate) fn new(total: usize, least: usize) -> Self {
        Self {
            name: "",
            total,
            shown: total >= least && io::stderr().is_terminal(),
            next: Instant::now(),
        }
    }

    /// Shows a name before the bar.
    pub(crate) fn with_name(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Draws the bar, at most ten times a second. A bar that cannot be drawn is no failure.
    pub(crate) fn show(&mut self, done: usize) {
        if self.shown && (Instant::now() >= self.next || done == self.total) {
            self.next = Instant::now() + BETWEEN;
            let full = WIDTH * done / self.total.max(1);
            let bar = "#".repeat(full) + &"-".repeat(WIDTH - full.min(WIDTH));
            let _ = write!(io::stderr(), "\r{}[{bar}] {done}/{}", self.name, self.total);
        }
    }

    /// Removes the bar.
    pub(crate) fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}
