//! Progress, on standard error.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use clerk_webhooks_mirror::backfill::Progress;

use crate::progress;

/// Between two lines of progress in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// A bar on a terminal, a line now and then in a log.
pub(super) struct Display {
    table: &'static str,
    bar: progress::Progress,
    next_line: Instant,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            table: "",
            bar: progress::Progress::new(0, 0),
            next_line: Instant::now() + BETWEEN_LINES,
        }
    }
}

impl Display {
    pub(super) fn show(
        &mut self,
        Progress {
            table, done, total, ..
        }: Progress,
    ) {
        let total = total.unwrap_or(done).max(done);
        if io::stderr().is_terminal() {
            let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
            if self.table != table {
                self.bar.clear();
                self.table = table;
                self.bar = progress::Progress::new(number(total), 1).with_name(table);
            }
            self.bar.show(number(done));
        } else if Instant::now() >= self.next_line {
            self.next_line = Instant::now() + BETWEEN_LINES;
            let _ = writeln!(io::stderr(), "{table}: {done} of {total}");
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.bar.clear();
    }
}
