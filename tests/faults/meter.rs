//! What a fault costs: memory at its peak, and CPU time.

use std::{fmt, fs, path::PathBuf, thread, time::Duration};

use crate::{KIB, MEMORY};

/// The CPU time of one thread, where the system tells it.
#[derive(Clone)]
pub(crate) struct ThreadClock(Option<PathBuf>);

impl ThreadClock {
    /// Of the calling thread.
    pub(crate) fn this() -> Self {
        let thread = fs::read_link("/proc/thread-self").ok();
        Self(thread.map(|thread| PathBuf::from("/proc").join(thread).join("schedstat")))
    }

    /// Its first field is the time spent on a CPU, in nanoseconds.
    fn now(&self) -> Option<Duration> {
        // A thread's own time is brought up to date when it is taken off its CPU.
        thread::sleep(Duration::from_millis(1));
        let told = fs::read_to_string(self.0.as_ref()?).ok()?;
        told.split(' ')
            .next()?
            .parse()
            .ok()
            .map(Duration::from_nanos)
    }
}

/// Started before a fault, stopped after it.
pub(crate) struct Meter {
    clock: ThreadClock,
    cpu: Option<Duration>,
    bytes: usize,
}

impl Meter {
    pub(crate) fn start(clock: &ThreadClock) -> Self {
        let cpu = clock.now();
        MEMORY.reset_peak_usage();
        Self {
            clock: clock.clone(),
            cpu,
            bytes: MEMORY.current_usage(),
        }
    }

    pub(crate) fn stop(self) -> Cost {
        let peak = MEMORY.peak_usage() - self.bytes;
        let kept = MEMORY.current_usage().saturating_sub(self.bytes);
        let cpu = self.clock.now().zip(self.cpu);
        Cost {
            peak,
            kept,
            cpu: cpu.map(|(after, before)| after - before),
        }
    }
}

pub(crate) struct Cost {
    /// Bytes beyond those that were in use when the meter was started.
    peak: usize,
    /// Bytes that were still in use when it was stopped.
    kept: usize,
    cpu: Option<Duration>,
}

impl Cost {
    #[track_caller]
    pub(crate) fn assert_peak_at_most(&self, bytes: usize, fault: &str) {
        assert!(
            self.peak <= bytes,
            "{fault}: {} bytes, not {bytes} at most",
            self.peak
        );
    }

    #[track_caller]
    pub(crate) fn assert_kept_at_most(&self, bytes: usize, fault: &str) {
        assert!(
            self.kept <= bytes,
            "{fault}: {} bytes are kept, not {bytes} at most",
            self.kept
        );
    }
}

/// The last two cells of a row.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cpu {
            Some(cpu) => write!(f, "{:.1} ms", cpu.as_secs_f64() * 1e3)?,
            None => f.write_str("-")?,
        }
        write!(f, " | {} KiB |", self.peak.div_ceil(KIB))
    }
}

/// Prints a row of `docs/faults.md`.
pub(crate) fn print(fault: &str, status: &str, connection: &str, cost: &Cost) {
    println!("| {fault} | {status} | {connection} | {cost}");
}
