//! A million users, read from a stand-in for Clerk's API into each engine, beside a bare bulk insert of the same rows.
//!
//! ```sh
//! export CLERK_WEBHOOKS_POSTGRES_URL=postgres://postgres@127.0.0.1:5432/test
//! cargo bench -p clerk-webhooks-mirror --features backfill,postgres,sqlite --bench backfill
//! ```
//!
//! `BACKFILL_USERS` (1,000,000) says how many, and `BACKFILL_BARE` (a quarter of them) how many of their rows are inserted
//! for comparison: into tables with the same columns and indices, 500 users in each transaction. The API
//! runs in a process of its own. Memory is that of the whole process. Needs Linux.

mod bare;
mod engine;
mod memory;
mod server;

use std::time::Instant;

use clerk_webhooks_mirror::{Mirror, api::ClerkApi};

use self::{engine::Measured, memory::Memory, server::Server};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let users = number_from_env("BACKFILL_USERS").unwrap_or(1_000_000);
    if std::env::args().any(|argument| argument == server::ARGUMENT) {
        return server::serve(users).await;
    }
    let bare = number_from_env("BACKFILL_BARE").unwrap_or(users / 4);
    let server = Server::start()?;
    println!("| engine | users | users a second | bare insert | ratio | peak memory above start |");
    println!("|---|---|---|---|---|---|");
    engine::sqlite(async |pool| row(pool, &server, users, bare).await).await?;
    engine::postgres(async |pool| row(pool, &server, users, bare).await).await
}

async fn row<DB: Measured>(
    pool: sqlx::Pool<DB>,
    server: &Server,
    users: u64,
    bare: u64,
) -> Result<(), Error> {
    let mirror = Mirror::new(pool.clone()).await?;
    let api = ClerkApi::new("sk_live_unused")?;
    // Clerk's limit would be the speed.
    let api = api
        .with_url(server.url())?
        .with_requests_per_second(f64::INFINITY);
    let memory = Memory::start()?;
    let start = Instant::now();
    mirror.backfill(&api).await?;
    let rate = users as f64 / start.elapsed().as_secs_f64();
    let peak = memory.peak_mebibytes()?;
    let bare_rate = bare::users_per_second(&pool, bare).await?;
    println!(
        "| {} | {users} | {rate:.0} | {bare_rate:.0} | {:.2} | {peak:.1} MiB |",
        DB::TITLE,
        rate / bare_rate
    );
    Ok(())
}

fn number_from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
