//! The memory of this process, with that of C libraries.

use std::fs;

use crate::Error;

pub(crate) struct Memory {
    start: f64,
}

impl Memory {
    pub(crate) fn start() -> Result<Self, Error> {
        // Forgets the peak so far.
        fs::write("/proc/self/clear_refs", "5")?;
        Ok(Self {
            start: mebibytes("VmRSS:")?,
        })
    }

    /// The peak since then, less what was in use.
    pub(crate) fn peak_mebibytes(&self) -> Result<f64, Error> {
        Ok(mebibytes("VmHWM:")? - self.start)
    }
}

fn mebibytes(field: &str) -> Result<f64, Error> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: f64 = kibibytes
        .ok_or("/proc/self/status has no such field")?
        .parse()?;
    Ok(kibibytes / 1024.0)
}
