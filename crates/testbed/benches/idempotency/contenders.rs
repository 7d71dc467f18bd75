//! The stores, and the least that each of them can be asked to do.

use std::{env, str::FromStr as _, time::Duration};

use clerk_webhooks::idempotency::{
    Claim, ClaimToken, IdempotencyStore, MemoryStore, MessageKey, Outcome,
};
use clerk_webhooks_redis::{RedisStore, redis};
use clerk_webhooks_sqlx::{PostgresStore, SqliteStore, migrate, open_sqlite};
use clerk_webhooks_testbed::Error;
use sqlx::{
    AssertSqlSafe, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;

use super::{
    measure::{Entry, Measure, Operation, operation},
    requests::{deduplicated, new_id, verified},
};

/// Short, so that what is left behind on servers that are not ours is soon gone.
pub(crate) const RETENTION: Duration = Duration::from_secs(60);
pub(crate) const BASELINE: &str = "no deduplication";

const LEASE: Duration = Duration::from_secs(60);
/// As many as are in flight.
const CONNECTIONS: u32 = 16;

pub(crate) struct Contenders {
    entries: Vec<(Entry, Operation)>,
    names: Vec<&'static str>,
    postgres: PgPool,
    schema: String,
    folder: TempDir,
}

impl Contenders {
    pub(crate) async fn new(flushing_redis: &str) -> Result<Self, Error> {
        let (folder, schema) = (TempDir::new()?, format!("bench_{}", ClaimToken::random()));
        let (asking, trusting) = postgres(&schema).await?;
        let mut contenders = Self {
            entries: Vec::new(),
            names: Vec::new(),
            postgres: asking.clone(),
            schema,
            folder,
        };
        contenders.add(BASELINE, Measure::Request, verified());
        contenders.add_store("memory", &MemoryStore::new());
        contenders.add_sqlite().await?;
        contenders.add_postgres("Postgres", asking);
        contenders.add_postgres("Postgres, no `test_before_acquire`", trusting);
        contenders
            .add_redis("Redis, AOF always", flushing_redis)
            .await?;
        let url = variable("CLERK_WEBHOOKS_REDIS_URL")?;
        contenders.add_redis("Redis, as it is", &url).await?;
        Ok(contenders)
    }

    pub(crate) fn all(&self) -> &[(Entry, Operation)] {
        &self.entries
    }

    pub(crate) fn names(&self) -> &[&'static str] {
        &self.names
    }

    pub(crate) async fn clean_up(self) -> Result<(), Error> {
        let drop = format!("drop schema {} cascade", self.schema);
        sqlx::query(AssertSqlSafe(drop))
            .execute(&self.postgres)
            .await?;
        Ok(())
    }

    fn add(&mut self, contender: &'static str, measure: Measure, operation: Operation) {
        self.entries.push((Entry { contender, measure }, operation));
    }

    fn add_store<S: IdempotencyStore + Clone>(&mut self, name: &'static str, store: &S) {
        self.names.push(name);
        self.add(name, Measure::ClaimAndComplete, claim_and_complete(store));
        self.add(name, Measure::Request, deduplicated(store.clone()));
    }

    async fn add_sqlite(&mut self) -> Result<(), Error> {
        const NAME: &str = "SQLite";
        let pool = open_sqlite(self.folder.path().join("bench.db")).await?;
        let store = SqliteStore::new(pool.clone());
        migrate(&pool).await?;
        sqlx::query("create table trip (id text primary key) strict")
            .execute(&pool)
            .await?;
        self.add(NAME, Measure::Read, sqlite(&pool, "select ?1"));
        self.add(
            NAME,
            Measure::Write,
            sqlite(&pool, "insert into trip values (?1)"),
        );
        self.add_store(NAME, &store);
        Ok(())
    }

    fn add_postgres(&mut self, name: &'static str, pool: PgPool) {
        self.add(name, Measure::Read, postgres_trip(&pool, "select $1"));
        self.add(
            name,
            Measure::Write,
            postgres_trip(&pool, "insert into trip values ($1)"),
        );
        self.add_store(name, &PostgresStore::new(pool));
    }

    async fn add_redis(&mut self, name: &'static str, url: &str) -> Result<(), Error> {
        let prefix = format!("bench-{}", ClaimToken::random());
        let store = RedisStore::connect(url).await?.with_prefix(prefix.as_str());
        let client = redis::Client::open(url)?;
        let connection = redis::aio::ConnectionManager::new(client).await?;
        self.add(
            name,
            Measure::Read,
            redis_trip(&connection, || redis::cmd("PING")),
        );
        let set = move || {
            let mut set = redis::cmd("SET");
            set.arg(format!("{prefix}:{}", new_id())).arg("");
            set.arg("PX").arg(60_000);
            set
        };
        self.add(name, Measure::Write, redis_trip(&connection, set));
        self.add_store(name, &store);
        Ok(())
    }
}

/// Two pools on one schema: one as sqlx makes it, and one that does not ask before each use of a
/// connection whether it is still there.
async fn postgres(schema: &str) -> Result<(PgPool, PgPool), Error> {
    let options = PgConnectOptions::from_str(&variable("CLERK_WEBHOOKS_POSTGRES_URL")?)?;
    let options = options.options([("search_path", schema)]);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
    let trusting = pool.clone().test_before_acquire(false);
    let pool = pool.connect_with(options.clone()).await?;
    for statement in [
        format!("create schema {schema}"),
        "create table trip (id text primary key)".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await?;
    }
    migrate(&pool).await?;
    Ok((pool, trusting.connect_with(options).await?))
}

fn claim_and_complete<S: IdempotencyStore + Clone>(store: &S) -> Operation {
    let store = store.clone();
    operation(move || {
        let (store, key) = (store.clone(), MessageKey::new("users", new_id()));
        async move {
            let claim = store.claim(&key, ClaimToken::random(), LEASE).await;
            assert_eq!(claim.unwrap_or_else(failed), Claim::Claimed);
            let completed = store.complete(&key, Outcome::Succeeded, RETENTION).await;
            completed.unwrap_or_else(failed);
        }
    })
}

fn sqlite(pool: &SqlitePool, sql: &'static str) -> Operation {
    let pool = pool.clone();
    operation(move || {
        let pool = pool.clone();
        async move {
            let done = sqlx::query(sql).bind(new_id()).execute(&pool).await;
            done.unwrap_or_else(failed);
        }
    })
}

fn postgres_trip(pool: &PgPool, sql: &'static str) -> Operation {
    let pool = pool.clone();
    operation(move || {
        let pool = pool.clone();
        async move {
            let done = sqlx::query(sql).bind(new_id()).execute(&pool).await;
            done.unwrap_or_else(failed);
        }
    })
}

fn redis_trip(
    connection: &redis::aio::ConnectionManager,
    command: impl Fn() -> redis::Cmd + Send + Sync + 'static,
) -> Operation {
    let connection = connection.clone();
    operation(move || {
        let (mut connection, command) = (connection.clone(), command());
        async move {
            let done: redis::RedisResult<()> = command.query_async(&mut connection).await;
            done.unwrap_or_else(failed);
        }
    })
}

fn failed<T>(error: impl Into<Error>) -> T {
    panic!("{:?}", error.into())
}

fn variable(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|_| format!("set {name}").into())
}
