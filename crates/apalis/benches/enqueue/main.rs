//! What acknowledging costs, beside apalis' own push of the same bytes, in one run, round by round.
//!
//! ```sh
//! CLERK_WEBHOOKS_POSTGRES_URL=postgres://... cargo bench -p clerk-webhooks-apalis --all-features
//! ```
//!
//! The Postgres half makes and drops a database of its own; without the variable it is left out, and says
//! so. `ROUNDS` (default 11) and `EVENTS` a round (default 500) can be set.

mod contenders;
mod measure;

use std::error::Error;

use clerk_webhooks::queue::QueuedEvent;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    sqlite().await?;
    postgres().await?;
    Ok(())
}

async fn sqlite() -> Result<(), BoxError> {
    use apalis_sqlite::{Config, SqliteStorage};
    use clerk_webhooks_apalis::SqliteQueue;
    use sqlx::sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    };

    // In the working directory: the system's temporary files may be in memory.
    let folder = tempfile::tempdir_in(".")?;
    let ours = SqliteQueue::open(folder.path().join("ours.db"), "clerk").await?;
    let path = folder.path().join("bare.db");
    SqliteQueue::open(&path, "clerk").await?;
    // The settings that `open` makes, so that the push alone differs.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    let bare =
        SqliteStorage::<QueuedEvent>::new(&pool).with_config(Config::default().queue("clerk"));
    measure::compare("SQLite", &contenders::all(&ours, bare).await?).await
}

async fn postgres() -> Result<(), BoxError> {
    use std::{env, str::FromStr as _};

    use apalis_postgres::{Config, PostgresStorage};
    use clerk_webhooks_apalis::PostgresQueue;
    use sqlx::{
        AssertSqlSafe, Connection as _, Executor as _, PgConnection,
        postgres::{PgConnectOptions, PgPoolOptions},
    };

    let Ok(url) = env::var("CLERK_WEBHOOKS_POSTGRES_URL") else {
        println!("Postgres is left out: CLERK_WEBHOOKS_POSTGRES_URL is not set");
        return Ok(());
    };
    let server = PgConnectOptions::from_str(&url)?;
    let name = format!("clerk_apalis_bench_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect_with(&server).await?;
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    admin.execute(create).await?;
    let connect = || {
        PgPoolOptions::new()
            .max_connections(16)
            .connect_lazy_with(server.clone().database(&name))
    };
    let ours = PostgresQueue::new(connect(), "clerk").await?;
    let bare = PostgresStorage::<QueuedEvent>::new(&connect())
        .with_config(Config::default().queue("bare"));
    let contenders = contenders::all(&ours, bare).await?;
    let compared = measure::compare("Postgres", &contenders).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    admin.execute(drop).await?;
    compared
}
