//! A NATS server: the one in the environment, or one of our own.

use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::BoxError;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    url: String,
    own: Option<(Child, PathBuf)>,
}

impl Server {
    pub(crate) fn start() -> Result<Self, BoxError> {
        if let Ok(url) = env::var("CLERK_WEBHOOKS_NATS_URL") {
            return Ok(Self { url, own: None });
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        // In the working directory: the system's temporary files may be in memory.
        let folder = env::current_dir()?.join(format!("nats-bench-{port}"));
        let server = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-js", "-p", &port.to_string(), "-sd"])
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = server.map_err(|error| format!("nats-server cannot be started: {error}"))?;
        Ok(Self {
            url: format!("nats://127.0.0.1:{port}"),
            own: Some((server, folder)),
        })
    }

    /// Connects as soon as the server accepts it.
    pub(crate) async fn connect<T, E: Into<BoxError>>(
        &self,
        connect: impl AsyncFn(&str) -> Result<T, E>,
    ) -> Result<T, BoxError> {
        let begun = Instant::now();
        loop {
            match connect(&self.url).await {
                Ok(connected) => return Ok(connected),
                Err(error) if begun.elapsed() > PATIENCE => return Err(error.into()),
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((server, folder)) = &mut self.own {
            let _ = server.kill();
            let _ = server.wait();
            let _ = fs::remove_dir_all(folder);
        }
    }
}
