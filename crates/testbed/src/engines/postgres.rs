//! A Postgres server of a test's own.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{binary::Binary, daemon::Daemon, owner::Owner};
use crate::{Error, Port};

const PACKAGE: &str = "PostgreSQL (Debian: postgresql)";

/// Postgres on a port and data of its own, with `fsync` and `synchronous_commit` on; killed when dropped.
#[derive(Debug)]
pub struct Postgres {
    // Dropped first: it writes into the folder.
    daemon: Daemon,
    is_ready: PathBuf,
    port: Port,
    _folder: TempDir,
}

impl Postgres {
    /// Makes a cluster and starts a server on it: a second or two.
    ///
    /// As root both run as the user `postgres`.
    ///
    /// # Errors
    ///
    /// When a program is missing or the server does not start; the text holds what it printed.
    pub async fn start() -> Result<Self, Error> {
        let (port, owner) = (Port::reserve()?, Owner::of_postgres()?);
        let folder = TempDir::with_prefix("testbed-postgres-")?;
        owner.own(folder.path())?;
        let data = folder.path().join("data");
        make_cluster(owner, &data)?;

        let mut command = Command::new(find("postgres")?);
        // No Unix socket: we may not be allowed to write to its folder.
        command
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "fsync=on", "-c", "synchronous_commit=on"])
            .args(["-c", "max_connections=200"])
            .args(["-p", &port.number().to_string()])
            .arg("-D")
            .arg(&data)
            .current_dir(folder.path());
        owner.run(&mut command);
        let mut postgres = Self {
            daemon: Daemon::new(command, folder.path().join("log"))?,
            is_ready: find("pg_isready")?,
            port,
            _folder: folder,
        };
        postgres.restart().await?;
        Ok(postgres)
    }

    /// Where to connect to, as its superuser and without a password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.port.address())
    }

    /// SIGKILL for the server and all its processes, as a power failure would end them.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn kill(&mut self) -> io::Result<()> {
        self.daemon.kill()
    }

    /// Starts it again on the same port and data, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When it does not within a minute; the text holds what it printed.
    pub async fn restart(&mut self) -> Result<(), Error> {
        let (is_ready, port) = (self.is_ready.clone(), self.port.number().to_string());
        let is_ready = async || {
            let mut command = tokio::process::Command::new(&is_ready);
            command.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            command.status().await.is_ok_and(|status| status.success())
        };
        self.daemon.start(is_ready).await
    }
}

fn make_cluster(owner: Owner, data: &Path) -> Result<(), Error> {
    let mut command = Command::new(find("initdb")?);
    command
        .args(["--auth=trust", "--username=postgres"])
        .args(["--encoding=UTF8", "--no-locale"])
        // A cluster that was never used needs no durability.
        .args(["--no-sync", "-D"])
        .arg(data)
        .current_dir("/")
        .stdin(Stdio::null());
    owner.run(&mut command);
    let output = command.output()?;
    if !output.status.success() {
        let printed = String::from_utf8_lossy(&output.stderr);
        return Err(format!("initdb could not make {}: {printed}", data.display()).into());
    }
    Ok(())
}

fn find(name: &'static str) -> Result<PathBuf, Error> {
    let package = PACKAGE;
    Binary { name, package }.find()
}
