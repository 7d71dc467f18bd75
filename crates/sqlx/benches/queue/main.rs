//! What the queue takes: acknowledging beside a bare insert of the same bytes, round by round; draining; and
//! acknowledging beside a busy worker.
//!
//! ```sh
//! CLERK_WEBHOOKS_POSTGRES_URL=postgres://... cargo bench -p clerk-webhooks-sqlx --all-features --bench queue
//! ```
//!
//! The Postgres half makes and drops a database of its own; without the variable it is left out, and says so.
//! `ROUNDS` (default 11) and `EVENTS` a round (default 500) can be set.

mod bare;
mod contenders;
mod drain;
mod measure;

use std::{env, error::Error, str::FromStr as _};

use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use self::bare::Bare;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// In a round, unless set.
const EVENTS: usize = 500;
const CONNECTIONS: u32 = 16;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    sqlite().await?;
    postgres().await
}

async fn sqlite() -> Result<(), BoxError> {
    // The system's temporary files may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let pool = open_sqlite(folder.path().join("queue.db")).await?;
    migrate(&pool).await?;
    let bare = open_sqlite(folder.path().join("bare.db")).await?;
    bare.execute(bare::CREATE).await?;
    measure_all(
        "SQLite",
        Queue::new(&pool, "clerk").await?,
        Bare::Sqlite(bare),
    )
    .await
}

async fn postgres() -> Result<(), BoxError> {
    let Ok(url) = env::var("CLERK_WEBHOOKS_POSTGRES_URL") else {
        println!("Postgres is left out: CLERK_WEBHOOKS_POSTGRES_URL is not set");
        return Ok(());
    };
    let server = PgConnectOptions::from_str(&url)?;
    let name = format!("clerk_queue_bench_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect_with(&server).await?;
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .test_before_acquire(false)
        .connect_lazy_with(server.clone().database(&name));
    migrate(&pool).await?;
    pool.execute(bare::CREATE).await?;
    let queue = Queue::new(&pool, "clerk").await?;
    let measured = measure_all("Postgres", queue, Bare::Postgres(pool)).await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    admin.execute(AssertSqlSafe(drop)).await?;
    measured
}

async fn measure_all<DB: clerk_webhooks_sqlx::Engine>(
    engine: &str,
    queue: Queue<DB>,
    bare: Bare,
) -> Result<(), BoxError> {
    let bare = bare::insert(bare);
    measure::compare(engine, &contenders::all(&queue, bare)).await?;
    drain::measure(engine, &queue).await
}
