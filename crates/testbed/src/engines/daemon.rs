//! A server process of an engine: started, asked until it is ready, killed.

use std::{
    fmt,
    fs::{self, File},
    io,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::time::sleep;

use crate::Error;

/// Far longer than a start takes, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

const BETWEEN_ASKING: Duration = Duration::from_millis(50);

pub(super) struct Daemon {
    command: Command,
    log: PathBuf,
    child: Option<Child>,
}

impl Daemon {
    /// Nothing is started yet; what the program prints will go into the file `log`.
    pub(super) fn new(mut command: Command, log: PathBuf) -> Result<Self, Error> {
        let file = File::create(&log)?;
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = None;
        Ok(Self {
            command,
            log,
            child,
        })
    }

    /// Starts the engine, and waits until it `is_ready`. After a kill, a new process may end by itself until the remains
    /// of the killed one are gone. It is started again each time.
    pub(super) async fn start(&mut self, is_ready: impl AsyncFn() -> bool) -> Result<(), Error> {
        self.start_within(PATIENCE, is_ready).await
    }

    pub(super) async fn start_within(
        &mut self,
        patience: Duration,
        is_ready: impl AsyncFn() -> bool,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + patience;
        self.spawn()?;
        while !self.is_running()? || !is_ready().await {
            if Instant::now() > deadline {
                return Err(self.not_ready(patience));
            }
            sleep(BETWEEN_ASKING).await;
            self.spawn()?;
        }
        Ok(())
    }

    /// Starts the engine, unless it runs, and waits for nothing.
    pub(super) fn spawn(&mut self) -> io::Result<()> {
        if !self.is_running()? {
            self.child = Some(self.command.spawn()?);
        }
        Ok(())
    }

    fn is_running(&mut self) -> io::Result<bool> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?.is_none()),
            None => Ok(false),
        }
    }

    pub(super) fn printed(&self) -> io::Result<String> {
        fs::read_to_string(&self.log)
    }

    fn not_ready(&self, patience: Duration) -> Error {
        let program = self.command.get_program().display();
        let log = self.printed().unwrap_or_default();
        format!("{program} was not ready within {patience:?}; it printed:\n{log}").into()
    }

    /// Sends SIGTERM to the engine, and waits until it has ended. Does nothing when it is down.
    pub(super) fn stop(&mut self) -> Result<(), Error> {
        if let Some(mut child) = self.child.take() {
            kill(Pid::from_raw(child.id().try_into()?), Signal::SIGTERM)?;
            child.wait()?;
        }
        Ok(())
    }

    /// Sends SIGKILL to the engine and all processes that it has started. Does nothing when it is down.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        let orphans = children_of(child.id());
        child.kill()?;
        child.wait()?;
        for orphan in orphans {
            // It may have noticed the end of its parent and ended already.
            let _ = kill(orphan, Signal::SIGKILL);
        }
        Ok(())
    }
}

/// Empty where there is no `/proc`: there the child processes end by themselves, a little later.
fn children_of(process: u32) -> Vec<Pid> {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    let pids = children.split_whitespace().flat_map(str::parse);
    pids.map(Pid::from_raw).collect()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("an engine could not be ended: {error}");
        }
    }
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Daemon")
            .field("program", &self.command.get_program())
            .field("process", &self.child.as_ref().map(Child::id))
            .finish_non_exhaustive()
    }
}
