//! Several servers on one store.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clerk_webhooks_testbed::{
    engines::{Nats, Postgres, Redis},
    job::Job,
    ledger::{Entry, LedgerReader, What},
    process::{Process, Program},
    sender::{Endpoint, Message, Sender},
};
use sqlx::{Connection as _, PgConnection, SqliteConnection, query_as};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub(crate) const LEASE: Duration = Duration::from_secs(2);

const EFFECTS: &str = "select message_id, count(*) from effects group by message_id";

/// Far beyond what a loaded machine takes; only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Redis,
    Nats { servers: usize },
}

pub(crate) enum Engine {
    Sqlite(PathBuf),
    Postgres(Postgres),
    Redis(Redis),
    Nats(Nats),
}

pub(crate) struct Site {
    // Dropped in this order: who uses something before what is used.
    pub(crate) servers: Vec<Process>,
    pub(crate) engine: Engine,
    pub(crate) ledger: LedgerReader,
    folder: TempDir,
}

impl Site {
    /// Servers that wait 5 s for their store.
    pub(crate) async fn start(kind: Kind, servers: usize) -> Self {
        Self::start_with(kind, servers, Duration::from_secs(5)).await
    }

    pub(crate) async fn start_with(kind: Kind, servers: usize, store_timeout: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::start(kind, &folder).await;
        let mut site = Self {
            servers: Vec::new(),
            ledger: LedgerReader::open(folder.path().join("ledger")).unwrap(),
            engine,
            folder,
        };
        for _ in 0..servers {
            let server = Program::new(env!("CARGO_BIN_EXE_idempotent-server"))
                .env("STORE_URL", site.engine.url())
                .env("LEDGER", site.folder.path())
                .env("LEASE_MS", LEASE.as_millis().to_string())
                .env("STORE_TIMEOUT_MS", store_timeout.as_millis().to_string())
                .env(
                    "CLERK_WEBHOOK_SIGNING_SECRET",
                    format!("{SECRET} {OTHER_SECRET}"),
                );
            site.servers.push(server.serve().await.unwrap());
        }
        site
    }

    /// To a random server each time.
    pub(crate) fn sender(&self, seed: u64) -> Sender {
        sender(seed, &self.servers)
    }

    /// To this server.
    pub(crate) fn sender_to(&self, server: usize) -> Sender {
        Sender::new(0, self.servers[server].address(), endpoint(SECRET))
    }

    pub(crate) fn count(&mut self, message: &Message, what: &What) -> usize {
        self.ledger.count(message.id(), what).unwrap()
    }

    /// Lets a handler that waits go on.
    pub(crate) fn go(&self, message: &Message) {
        let name = format!("{}.go", message.id());
        fs::write(self.folder.path().join(name), "").unwrap();
    }

    /// Waits until this was done for the message so many times.
    pub(crate) async fn until(&mut self, message: &Message, what: What, times: usize) {
        let done = async {
            while self.count(message, &what) < times {
                sleep(Duration::from_millis(2)).await;
            }
        };
        let done = timeout(PATIENCE, done).await;
        done.unwrap_or_else(|_| panic!("{what:?} {times} times for {}", message.id()));
    }

    /// What the servers have printed: their logs.
    pub(crate) fn logs(&self) -> String {
        let logs = self.servers.iter().map(|server| server.printed().unwrap());
        logs.collect()
    }

    pub(crate) fn entries(&mut self) -> &[Entry] {
        self.ledger.entries().unwrap()
    }
}

impl Engine {
    pub(crate) async fn start(kind: Kind, folder: &TempDir) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite(folder.path().join("store.db")),
            Kind::Postgres => Self::Postgres(Postgres::start().await.unwrap()),
            Kind::Redis => Self::Redis(Redis::start().await.unwrap()),
            Kind::Nats { servers } => Self::Nats(Nats::start_cluster(servers).await.unwrap()),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(postgres) => postgres.url(),
            Self::Redis(redis) => redis.url(),
            Self::Nats(nats) => nats.url(),
        }
    }

    /// Whether the workers' handlers can have effects in it.
    pub(crate) fn is_database(&self) -> bool {
        matches!(self, Self::Sqlite(_) | Self::Postgres(_))
    }

    /// How often each message had its effect in the database.
    pub(crate) async fn effects(&self) -> HashMap<String, i64> {
        let rows: sqlx::Result<Vec<(String, i64)>> = match self {
            Self::Sqlite(_) => {
                let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
                query_as(EFFECTS).fetch_all(&mut connection).await
            }
            Self::Postgres(_) => {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                query_as(EFFECTS).fetch_all(&mut connection).await
            }
            Self::Redis(_) | Self::Nats(_) => Ok(Vec::new()),
        };
        rows.unwrap().into_iter().collect()
    }

    /// SIGKILL. SQLite has no process: its file is locked as long as what comes back lives.
    pub(crate) async fn take_down(&mut self) -> Outage {
        match self {
            Self::Sqlite(path) => return Outage(Some(locked(path).await)),
            Self::Postgres(postgres) => postgres.kill().unwrap(),
            Self::Redis(redis) => redis.kill().unwrap(),
            Self::Nats(nats) => nats.kill(0).unwrap(),
        }
        Outage(None)
    }

    pub(crate) async fn bring_up(&mut self, outage: Outage) {
        if let Outage(Some(lock)) = outage {
            lock.close().await.unwrap();
        }
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres(postgres) => postgres.restart().await.unwrap(),
            Self::Redis(redis) => redis.restart().await.unwrap(),
            Self::Nats(nats) => nats.restart(0).await.unwrap(),
        }
    }
}

#[must_use = "it ends when it is dropped"]
pub(crate) struct Outage(Option<SqliteConnection>);

async fn locked(path: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let lock = sqlx::query("begin immediate");
    lock.execute(&mut connection).await.unwrap();
    connection
}

/// To a random one of these servers each time.
pub(crate) fn sender(seed: u64, servers: &[Process]) -> Sender {
    let mut servers = servers.iter();
    let first = servers.next().unwrap().address();
    let sender = Sender::new(seed, first, endpoint(SECRET));
    servers.fold(sender, |sender, server| {
        sender.with_target(server.address())
    })
}

pub(crate) fn endpoint(secret: &str) -> Endpoint {
    Endpoint::new("/webhooks/clerk", secret).unwrap()
}

/// A message whose id no other has.
pub(crate) fn message(job: &Job) -> Message {
    let body = job.body().unwrap();
    let mut messages = Message::several(fastrand::u64(..), 1, |_| body.clone());
    messages.remove(0)
}

/// A job that waits until it is told to [go](Site::go).
pub(crate) fn waiting() -> Job {
    Job {
        waits: true,
        ..Job::default()
    }
}
