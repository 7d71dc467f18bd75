//! Servers and workers of ours as processes: started, killed, restarted.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

use crate::{Error, Port};

/// Far longer than a start takes, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// A program to run, with its arguments and environment.
///
/// It gets its port as `PORT`, like this repository's examples.
#[derive(Debug)]
#[must_use = "nothing runs until it is started"]
pub struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    port: Option<Port>,
}

/// A running [`Program`]; killed when dropped.
#[derive(Debug)]
pub struct Process {
    program: Program,
    port: Port,
    child: Option<Child>,
    folder: TempDir,
}

impl Program {
    /// The program at `path`: `env!("CARGO_BIN_EXE_...")` in an integration test.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            port: None,
        }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a variable to its environment, in addition to our own.
    pub fn env(mut self, name: impl Into<OsString>, value: impl AsRef<OsStr>) -> Self {
        let value = value.as_ref().to_owned();
        self.environment.push((name.into(), value));
        self
    }

    /// Listens on this port. For a program that has its port from a file.
    pub fn on(mut self, port: Port) -> Self {
        self.port = Some(port);
        self
    }

    /// Starts it on a free port, unless it has one, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When it accepts none within a minute, or ends before. The text has what it printed.
    pub async fn serve(self) -> Result<Process, Error> {
        let mut process = self.start()?;
        process.accepts().await?;
        Ok(process)
    }

    /// Starts it and waits for nothing: a worker that has no port.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(mut self) -> Result<Process, Error> {
        let port = self.port.take();
        let mut process = Process {
            program: self,
            port: port.map_or_else(Port::reserve, Ok)?,
            child: None,
            folder: TempDir::with_prefix("testbed-process-")?,
        };
        process.spawn()?;
        Ok(process)
    }
}

impl Process {
    /// Where it listens, if it does.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Its process id. `None` when it is down.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether it has ended by itself, or was killed.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn has_ended(&mut self) -> io::Result<bool> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?.is_some()),
            None => Ok(true),
        }
    }

    /// What it has printed so far, since its first start and on both streams.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    pub fn printed(&self) -> io::Result<String> {
        fs::read(self.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Sends SIGKILL. Does nothing when the process is down.
    ///
    /// # Errors
    ///
    /// When the system refuses the signal.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Sends SIGSTOP: the process is suspended, as on a machine that is migrated or swaps.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub fn pause(&self) -> Result<(), Error> {
        self.signal(Signal::SIGSTOP)
    }

    /// Sends SIGCONT: the process continues.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub fn resume(&self) -> Result<(), Error> {
        self.signal(Signal::SIGCONT)
    }

    /// Sends SIGTERM, as service managers do, and waits for nothing.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub fn terminate(&self) -> Result<(), Error> {
        self.signal(Signal::SIGTERM)
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    ///
    /// When it does not within a minute, or is down. The text has what it printed.
    pub async fn ended(&mut self) -> Result<ExitStatus, Error> {
        let deadline = Instant::now() + PATIENCE;
        let child = self.child.as_mut().ok_or("the process is down")?;
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            sleep(BETWEEN_TRIES).await;
        }
        let printed = self.printed().unwrap_or_default();
        Err(format!("still running after {PATIENCE:?}; it printed:\n{printed}").into())
    }

    fn signal(&self, signal: Signal) -> Result<(), Error> {
        let id = self.id().ok_or("the process is down")?;
        Ok(kill(Pid::from_raw(i32::try_from(id)?), signal)?)
    }

    /// Starts it again on the same port, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// As [`Program::serve`].
    pub async fn serve_again(&mut self) -> Result<(), Error> {
        self.start_again()?;
        self.accepts().await
    }

    /// Starts it again and waits for nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start_again(&mut self) -> Result<(), Error> {
        self.kill()?;
        self.spawn()
    }

    fn spawn(&mut self) -> Result<(), Error> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let program = &self.program;
        let child = Command::new(&program.path)
            .args(&program.arguments)
            .env("PORT", self.port.number().to_string())
            .envs(
                program
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        self.child = Some(child.map_err(|error| {
            let path = program.path.display();
            format!("{path} cannot be started: {error}")
        })?);
        Ok(())
    }

    async fn accepts(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address()).await.is_err() {
            if self.has_ended()? || Instant::now() > deadline {
                return Err(self.does_not_accept());
            }
            sleep(BETWEEN_TRIES).await;
        }
        Ok(())
    }

    fn does_not_accept(&self) -> Error {
        let (path, address) = (self.program.path.display(), self.address());
        let printed = self.printed().unwrap_or_default();
        format!("{path} does not accept connections on {address}; it printed:\n{printed}").into()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("a process could not be ended: {error}");
        }
    }
}
