//! NATS servers of a test's own.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use clerk_webhooks_nats::{async_nats::jetstream::stream, open_nats};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{binary::Binary, daemon::Daemon};
use crate::{Error, Port};

const SERVER: Binary = Binary {
    name: "nats-server",
    package: "NATS (Debian: nats-server)",
};

/// Several older servers lose events when one is killed: see docs/queue.md.
const OLDEST_IN_A_CLUSTER: [u32; 3] = [2, 10, 0];

/// How often a cluster, or a server of one, is started. Now and then the leaders do not hear of a server as long as it runs.
const STARTS: usize = 3;
/// How long a cluster may take until it makes streams.
const PLACING: Duration = Duration::from_secs(15);
/// How long a server of a cluster may take until it is healthy. An election takes less than ten seconds.
const CATCHING_UP: Duration = Duration::from_secs(30);

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
    /// As [`start`](Self::start), and when several servers of the program's version lose events.
    pub async fn start_cluster(count: usize) -> Result<Self, Error> {
        if count > 1 {
            let program = SERVER.find()?;
            let printed = Command::new(&program).arg("--version").output()?.stdout;
            can_be_in_a_cluster(&program, &String::from_utf8_lossy(&printed))?;
        }
        let mut starts = 1;
        loop {
            match Self::start_nodes(count).await {
                Err(_) if count > 1 && starts < STARTS => starts += 1,
                started => return started,
            }
        }
    }

    /// Waits until the cluster makes streams on all its servers.
    async fn places_streams(&self) -> Result<(), Error> {
        let probe = stream::Config {
            name: "probe".to_owned(),
            num_replicas: self.nodes(),
            ..stream::Config::default()
        };
        let context = open_nats(&self.url()).await?;
        let start = Instant::now();
        while let Err(error) = context.create_stream(&probe).await {
            if start.elapsed() > PLACING {
                return Err(error.into());
            }
            sleep(Duration::from_millis(100)).await;
        }
        context.delete_stream(&probe.name).await?;
        Ok(())
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
        if count > 1 {
            nats.places_streams().await?;
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
    /// When it does not within a minute, in a cluster at the third time; the text holds what it printed.
    pub async fn restart(&mut self, node: usize) -> Result<(), Error> {
        let more = if self.nodes() > 1 { STARTS - 1 } else { 0 };
        let node = &mut self.nodes[node];
        let monitor = node.monitor.address();
        let is_ready = async || is_healthy(monitor).await.unwrap_or(false);
        for _ in 0..more {
            if node
                .daemon
                .start_within(CATCHING_UP, &is_ready)
                .await
                .is_ok()
            {
                return Ok(());
            }
            node.daemon.kill()?;
        }
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

fn can_be_in_a_cluster(program: &Path, printed: &str) -> Result<(), Error> {
    let version = version(printed).ok_or_else(|| {
        let program = program.display();
        format!("`{program} --version` prints no version of NATS: {printed:?}")
    })?;
    if version >= OLDEST_IN_A_CLUSTER {
        return Ok(());
    }
    let [oldest, version] = [OLDEST_IN_A_CLUSTER, version]
        .map(|[major, minor, patch]| format!("{major}.{minor}.{patch}"));
    Err(format!(
        "several servers need nats-server {oldest} or newer, but {} is {version}, which loses events (docs/queue.md): \
         install a newer one before it in PATH, on Debian 12 with .ci/install",
        program.display()
    )
    .into())
}

/// Out of what `nats-server --version` prints.
fn version(printed: &str) -> Option<[u32; 3]> {
    let (_, version) = printed.split_once("nats-server: v")?;
    let mut numbers = version
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|number| number.parse().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{can_be_in_a_cluster, version};

    #[test]
    fn a_version_is_read_from_what_the_program_prints() {
        assert_eq!(version("nats-server: v2.9.10\n"), Some([2, 9, 10]));
        assert_eq!(version("nats-server: v2.12.0-RC.2\n"), Some([2, 12, 0]));
        for other in [
            "",
            "nats-server: v",
            "nats-server: v2.x.1",
            "redis-server v=7.0.15",
        ] {
            assert_eq!(version(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_cluster_of_servers_that_lose_events_is_refused() {
        let check = |printed| can_be_in_a_cluster(Path::new("/bin/nats-server"), printed);
        for good in [
            "nats-server: v2.10.0",
            "nats-server: v2.10.27\n",
            "nats-server: v3.0.0",
        ] {
            check(good).unwrap();
        }
        let refused = check("nats-server: v2.9.10\n").unwrap_err().to_string();
        let reason = "several servers need nats-server 2.10.0 or newer, but /bin/nats-server is 2.9.10, which loses events";
        assert!(refused.starts_with(reason), "{refused}");
        let unknown = check("dev").unwrap_err().to_string();
        assert_eq!(
            unknown,
            "`/bin/nats-server --version` prints no version of NATS: \"dev\""
        );
    }
}
