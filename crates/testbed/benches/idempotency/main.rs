//! What deduplication costs with each store, beside the store's own round trip.
//!
//! ```sh
//! CLERK_WEBHOOKS_POSTGRES_URL=postgres://postgres@127.0.0.1:5432/test \
//!     CLERK_WEBHOOKS_REDIS_URL=redis://127.0.0.1:6379 \
//!     cargo bench -p clerk-webhooks-testbed --bench idempotency
//! ```
//!
//! The Redis of the variable is measured as it is; one with an append-only file that is flushed always is
//! started beside it. `BENCH_ROUNDS=3` makes it a trial.

mod contenders;
mod measure;
mod report;
mod requests;

use clerk_webhooks_testbed::{Error, engines::Redis, number_from_env};

use self::{contenders::Contenders, measure::Rounds};

const DEFAULT_ROUNDS: u64 = 41;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let rounds = number_from_env("BENCH_ROUNDS", DEFAULT_ROUNDS)?;
    let flushing = Redis::start().await?;
    let contenders = Contenders::new(&flushing.url()).await?;
    let mut measured = Rounds::default();
    for round in 0..rounds {
        measured.run(contenders.all(), round).await;
    }
    report::print(&contenders, &measured, rounds);
    contenders.clean_up().await
}
