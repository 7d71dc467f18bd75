//! What the queue takes: acknowledging beside the client's bare publish of the same bytes, round by round; and draining.
//!
//! ```sh
//! cargo bench -p clerk-webhooks-nats --bench queue                                        # starts its own nats-server
//! CLERK_WEBHOOKS_NATS_URL=nats://... cargo bench -p clerk-webhooks-nats --bench queue     # uses this one
//! ```
//!
//! It makes and deletes streams of its own. `ROUNDS` (default 11) and `EVENTS` a round (default 2,000) can be set.

mod bare;
#[path = "../../../sqlx/benches/queue/contenders.rs"]
mod contenders;
mod drain;
#[path = "../../../sqlx/benches/queue/measure.rs"]
mod measure;
mod server;

use std::error::Error;

use clerk_webhooks_nats::{Streams, migrate, open_nats, queue::Queue};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// In a round, unless set.
const EVENTS: usize = 2_000;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = server::Server::start()?;
    let context = server.connect(async |url| open_nats(url).await).await?;
    let name = format!("bench_{:016x}", fastrand::u64(..));
    let streams = Streams::new(context.clone())
        .with_name(&name)
        .with_max_body_bytes(256 * 1024);
    migrate(&streams).await?;
    let queue = Queue::new(&streams, "clerk").await?;
    let bare = bare::publish(bare::Bare::new(&context, &name).await?);
    let contenders = contenders::all(&queue, bare);
    let measured = async {
        measure::compare("NATS", &contenders).await?;
        drain::measure(&queue).await
    };
    let measured = measured.await;
    for suffix in ["", "_failures", "_dead", "_bare"] {
        context.delete_stream(format!("{name}{suffix}")).await?;
    }
    measured
}
