//! NATS servers of a test's own.

use std::{io, net::SocketAddr, process::Command, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{binary::Binary, daemon::Daemon};
use crate::{Error, Port};

const SERVER: Binary = Binary {
    name: "nats-server",
    package: "NATS (Debian: nats-server)",
};

/// Some room beside the largest body, which JSON can make twice as long.
const MAX_PAYLOAD: &str = "max_payload: 8MB";

/// One NATS server with JetStream, or a cluster, on ports and data of their own; killed when dropped.
#[derive(Debug)]
pub struct Nats {
    // Dropped first: they write into the folder.
    nodes: Vec<Node>,
    _folder: TempDir,
}

#[derive(Debug)]
struct Node {
    daemon: Daemon,
    port: Port,
    /// Tells whether it is healthy.
    monitor: Port,
    /// For the other nodes.
    _route: Option<Port>,
}

impl Nats {
    /// Starts a server without data.
    ///
    /// # Errors
    ///
    /// When the program is missing or does not start; the text holds what it printed.
    pub async fn start() -> Result<Self, Error> {
        Self::start_cluster(1).await
    }

    /// Starts so many servers without data, which are a cluster if there are several.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_cluster(count: usize) -> Result<Self, Error> {
        let folder = TempDir::with_prefix("testbed-nats-")?;
        let routes = match count {
            1 => Vec::new(),
            _ => (0..count)
                .map(|_| Port::reserve())
                .collect::<Result<_, _>>()?,
        };
        let urls: Vec<_> = routes
            .iter()
            .map(|route: &Port| format!("nats://{}", route.address()))
            .collect();
        let mut routes = routes.into_iter();
        let mut nats = Self {
            nodes: Vec::new(),
            _folder: folder,
        };
        for number in 0..count {
            let node = Node::new(number, &nats._folder, routes.next(), &urls)?;
            nats.nodes.push(node);
        }
        for node in &mut nats.nodes {
            node.daemon.spawn()?;
        }
        for node in 0..count {
            nats.restart(node).await?;
        }
        Ok(nats)
    }

    /// Where to connect to: all servers, separated by commas.
    #[must_use]
    pub fn url(&self) -> String {
        let url = |node: &Node| format!("nats://{}", node.port.address());
        self.nodes.iter().map(url).collect::<Vec<_>>().join(",")
    }

    /// How many servers there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// What the servers have printed.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    pub fn printed(&self) -> io::Result<String> {
        self.nodes
            .iter()
            .map(|node| node.daemon.printed())
            .collect()
    }

    /// SIGKILL for one server.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn kill(&mut self, node: usize) -> io::Result<()> {
        self.nodes[node].daemon.kill()
    }

    /// SIGTERM for one server, which then saves what it has in memory, and ends.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn stop(&mut self, node: usize) -> Result<(), Error> {
        self.nodes[node].daemon.stop()
    }

    /// Starts a server again on the same ports and data, and waits until it is healthy: in a cluster, it then has what the
    /// others have.
    ///
    /// # Errors
    ///
    /// When it does not within a minute; the text holds what it printed.
    pub async fn restart(&mut self, node: usize) -> Result<(), Error> {
        let node = &mut self.nodes[node];
        let monitor = node.monitor.address();
        let is_ready = async || is_healthy(monitor).await.unwrap_or(false);
        node.daemon.start(is_ready).await
    }
}

impl Node {
    fn new(
        number: usize,
        folder: &TempDir,
        route: Option<Port>,
        routes: &[String],
    ) -> Result<Self, Error> {
        let (port, monitor) = (Port::reserve()?, Port::reserve()?);
        let name = format!("node_{number}");
        let data = folder.path().join(&name);
        let cluster = route.as_ref().map_or_else(String::new, |route| {
            let (address, routes) = (route.address(), routes.join(", "));
            format!("cluster {{ name: testbed, listen: \"{address}\", routes: [{routes}] }}\n")
        });
        let config = folder.path().join(format!("{name}.conf"));
        std::fs::write(
            &config,
            format!(
                "server_name: {name}\nlisten: \"{}\"\nhttp: \"{}\"\n{MAX_PAYLOAD}\n\
                 jetstream {{ store_dir: \"{}\" }}\n{cluster}",
                port.address(),
                monitor.address(),
                data.display(),
            ),
        )?;
        let mut command = Command::new(SERVER.find()?);
        command.arg("--config").arg(&config);
        let log = folder.path().join(format!("{name}.log"));
        Ok(Self {
            daemon: Daemon::new(command, log)?,
            port,
            monitor,
            _route: route,
        })
    }
}

/// In a cluster, not before its streams have what the others have.
async fn is_healthy(monitor: SocketAddr) -> io::Result<bool> {
    let asking = async {
        let mut stream = TcpStream::connect(monitor).await?;
        stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer.starts_with("HTTP/1.0 200"))
    };
    timeout(Duration::from_secs(1), asking).await?
}
