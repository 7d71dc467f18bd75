//! NATS servers of a test's own.

use std::{io, net::SocketAddr, process::Command};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{binary::Binary, daemon::Daemon};
use crate::{Error, Port};

const SERVER: Binary = Binary {
    name: "nats-server",
    package: "NATS (Debian: nats-server)",
};

/// Some room beside the largest body, which JSON can make twice as long.
const MAX_PAYLOAD: &str = "max_payload: 8MB";
/// Has no effect but to find out whether JetStream answers.
const ASK: &[u8] =
    b"CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\nSUB answers 1\r\n\
     PUB $JS.API.STREAM.NAMES answers 0\r\n\r\n";

/// One NATS server with JetStream, or a cluster of three, on ports and data of their own; killed when dropped.
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
        Self::start_nodes(1).await
    }

    /// Starts a cluster of three servers without data.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_cluster() -> Result<Self, Error> {
        Self::start_nodes(3).await
    }

    async fn start_nodes(count: usize) -> Result<Self, Error> {
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

    /// Starts a server again on the same ports and data, and waits until its JetStream answers.
    ///
    /// # Errors
    ///
    /// When it does not within a minute; the text holds what it printed.
    pub async fn restart(&mut self, node: usize) -> Result<(), Error> {
        let node = &mut self.nodes[node];
        let address = node.port.address();
        let is_ready = async || jetstream_answers(address).await.unwrap_or(false);
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
        let port = Port::reserve()?;
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
                "server_name: {name}\nlisten: \"{}\"\n{MAX_PAYLOAD}\njetstream {{ store_dir: \"{}\" }}\n{cluster}",
                port.address(),
                data.display(),
            ),
        )?;
        let mut command = Command::new(SERVER.find()?);
        command.arg("--config").arg(&config);
        let log = folder.path().join(format!("{name}.log"));
        Ok(Self {
            daemon: Daemon::new(command, log)?,
            port,
            _route: route,
        })
    }
}

/// Not before it has read its data and, in a cluster, knows the leader.
async fn jetstream_answers(address: SocketAddr) -> io::Result<bool> {
    let asking = async {
        let mut stream = BufReader::new(TcpStream::connect(address).await?);
        stream.write_all(ASK).await?;
        let mut line = String::new();
        while !line.starts_with("MSG answers") && !line.starts_with("HMSG answers") {
            line.clear();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(false);
            }
        }
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer[..length]);
        Ok(line.starts_with("MSG") && !answer.contains("\"error\""))
    };
    tokio::time::timeout(std::time::Duration::from_secs(1), asking).await?
}
