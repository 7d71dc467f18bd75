//! A record of what processes did, which survives SIGKILL.
//!
//! Several processes append lines to one file, each line with one write. The operating system keeps these lines when a
//! process is killed. The tests read from the ledger how often an effect happened, what was running when a process was
//! killed, and why a handler ran twice.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read as _, Write as _},
    path::Path,
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::Error;

/// One thing that one process did for one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written: microseconds since 1970.
    pub at: u64,
    /// By which process.
    pub process: u32,
    /// By which task of the process, if by any. The layer and the handler have different tasks.
    pub task: Option<u64>,
    /// For which message.
    pub message_id: String,
    /// What was done.
    pub what: What,
}

/// What a process did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// It got a claim that it had requested at this time.
    Claimed {
        /// Microseconds since 1970.
        asked_at: u64,
    },
    /// Its lease was extended, as it had requested at this time.
    Extended {
        /// Microseconds since 1970.
        asked_at: u64,
    },
    /// The lease could not be extended: it had run out.
    LeaseLost,
    /// The store knows that the message is done.
    Completed,
    /// The store knows that the message may be claimed again.
    Released,
    /// An operation of the store failed.
    StoreFailed {
        /// With its sources.
        error: String,
    },
    /// The event is in the queue: it is about to be acknowledged.
    Enqueued,
    /// The handler began.
    Started,
    /// The process runs and can write to the ledger. Belongs to no message.
    Pulse,
    /// A worker's handler began.
    Began {
        /// Which run of the event it is, from 1.
        attempt: u32,
    },
    /// The handler failed, as it was told to.
    Failed,
    /// The effect that must happen at least once, outside every database; in a worker, the beginning of its transaction.
    Effect,
    /// The handler came to its end.
    Ended,
}

/// The writing end.
#[derive(Debug)]
pub struct Ledger(File);

impl Ledger {
    /// The ledger in this file, made when absent.
    ///
    /// # Errors
    ///
    /// When the file cannot be written to.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(path)?;
        Ok(Self(file))
    }

    /// Writes it down before it returns.
    ///
    /// # Errors
    ///
    /// When the file cannot be written to.
    pub fn note(&self, message_id: &str, what: What) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Entry {
            at: now(),
            process: process::id(),
            task: task_id(),
            message_id: message_id.to_owned(),
            what,
        })?;
        line.push(b'\n');
        // One write: lines of several processes do not mix.
        (&self.0).write_all(&line)
    }
}

/// Its text is its number.
fn task_id() -> Option<u64> {
    tokio::task::try_id()?.to_string().parse().ok()
}

/// Microseconds since 1970.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(u64::MAX)
}

/// The reading end. Each read continues where the last one stopped.
#[derive(Debug)]
pub struct LedgerReader {
    file: File,
    unfinished: Vec<u8>,
    entries: Vec<Entry>,
}

impl LedgerReader {
    /// Of the ledger in this file, made when absent.
    ///
    /// # Errors
    ///
    /// When the file can be neither read nor made.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = File::options();
        let file = options.create(true).append(true).read(true).open(path)?;
        Ok(Self {
            file,
            unfinished: Vec::new(),
            entries: Vec::new(),
        })
    }

    /// All entries so far, in the order in which they were written.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a ledger.
    pub fn entries(&mut self) -> Result<&[Entry], Error> {
        self.file.read_to_end(&mut self.unfinished)?;
        let whole = self.unfinished.iter().rposition(|byte| *byte == b'\n');
        let rest = self.unfinished.split_off(whole.map_or(0, |end| end + 1));
        for line in self.unfinished.split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                self.entries.push(serde_json::from_slice(line)?);
            }
        }
        self.unfinished = rest;
        Ok(&self.entries)
    }

    /// How many handlers this process is running, or was when it was killed.
    ///
    /// # Errors
    ///
    /// As [`entries`](Self::entries).
    pub fn running(&mut self, process: u32) -> Result<usize, Error> {
        self.unended(process, |what| {
            matches!(what, What::Started | What::Began { .. })
        })
    }

    /// How many of its handlers are in the transaction of their effect, or were when the process was killed.
    ///
    /// # Errors
    ///
    /// As [`entries`](Self::entries).
    pub fn in_transaction(&mut self, process: u32) -> Result<usize, Error> {
        self.unended(process, |what| *what == What::Effect)
    }

    /// The tasks of this process that noted such a beginning, and no end.
    fn unended(&mut self, process: u32, begins: fn(&What) -> bool) -> Result<usize, Error> {
        let mut tasks = HashSet::new();
        let its = |entry: &&Entry| entry.process == process;
        for entry in self.entries()?.iter().filter(its) {
            match &entry.what {
                What::Failed | What::Ended => _ = tasks.remove(&entry.task),
                what if begins(what) => _ = tasks.insert(entry.task),
                _ => {}
            }
        }
        Ok(tasks.len())
    }

    /// How often this was done for the message.
    ///
    /// # Errors
    ///
    /// As [`entries`](Self::entries).
    pub fn count(&mut self, message_id: &str, what: &What) -> Result<usize, Error> {
        let is_it = |entry: &&Entry| entry.message_id == message_id && entry.what == *what;
        Ok(self.entries()?.iter().filter(is_it).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let (ledger, mut reader) = (Ledger::open(&path), LedgerReader::open(&path).unwrap());
        let ledger = ledger.unwrap();
        assert!(reader.entries().unwrap().is_empty());
        for (what, running) in [(What::Started, 1), (What::Effect, 1), (What::Ended, 0)] {
            ledger.note("msg_1", what.clone()).unwrap();
            assert_eq!(reader.running(process::id()).unwrap(), running);
            assert_eq!(reader.entries().unwrap().last().unwrap().what, what);
        }
        assert_eq!(reader.entries().unwrap().len(), 3);
        assert_eq!(reader.count("msg_1", &What::Effect).unwrap(), 1);
        assert_eq!(reader.count("msg_2", &What::Effect).unwrap(), 0);
    }

    #[test]
    fn half_a_line_is_read_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger");
        let mut reader = LedgerReader::open(&path).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(br#"{"at":1,"process":2,"task":3,"mess"#)
            .unwrap();
        assert!(reader.entries().unwrap().is_empty());
        file.write_all(b"age_id\":\"msg_1\",\"what\":\"Effect\"}\n")
            .unwrap();
        assert_eq!(reader.entries().unwrap().len(), 1);
    }
}
