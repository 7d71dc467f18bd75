//! A Redis server of a test's own.

use std::{io, net::SocketAddr, process::Command};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{binary::Binary, daemon::Daemon};
use crate::{Error, Port};

const SERVER: Binary = Binary {
    name: "redis-server",
    package: "Redis (Debian: redis-server)",
};

/// Redis on a port and data of its own, with `appendonly yes` and `appendfsync always`; killed when
/// dropped.
#[derive(Debug)]
pub struct Redis {
    // Dropped first: it writes into the folder.
    daemon: Daemon,
    port: Port,
    _folder: TempDir,
}

impl Redis {
    /// Starts a server without data.
    ///
    /// # Errors
    ///
    /// When the program is missing or does not start; the text holds what it printed.
    pub async fn start() -> Result<Self, Error> {
        let port = Port::reserve()?;
        let folder = TempDir::with_prefix("testbed-redis-")?;
        let mut command = Command::new(SERVER.find()?);
        command
            .args(["--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .args(["--port", &port.number().to_string()])
            .arg("--dir")
            .arg(folder.path());
        let mut redis = Self {
            daemon: Daemon::new(command, folder.path().join("log"))?,
            port,
            _folder: folder,
        };
        redis.restart().await?;
        Ok(redis)
    }

    /// Where to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.port.address())
    }

    /// SIGKILL.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn kill(&mut self) -> io::Result<()> {
        self.daemon.kill()
    }

    /// Starts it again on the same port and data, and waits until it has read them.
    ///
    /// # Errors
    ///
    /// When it does not within a minute; the text holds what it printed.
    pub async fn restart(&mut self) -> Result<(), Error> {
        let address = self.port.address();
        let is_ready = async || ping(address).await.unwrap_or(false);
        self.daemon.start(is_ready).await
    }
}

/// While it reads its data it answers another thing.
async fn ping(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"+PONG")
}
