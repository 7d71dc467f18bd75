//! A connection for a queue: every wait is bounded, and it reconnects when it breaks.

use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr, jetstream::Context};
use percent_encoding::percent_decode_str;

use crate::error::NatsError;

/// Below the 5 s that `Enqueue` waits by default: its log line then has our cause, not its own timeout.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// A peer that does not answer two of these is considered gone.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// The longest pause between attempts to reconnect, in steps of 100 ms. The client's own is 4 s, longer than
/// `REQUEST_TIMEOUT` allows.
const LONGEST_DELAY: usize = 5;

/// Connects to a NATS server, or to several that are separated by commas: `nats://127.0.0.1:4222`,
/// `nats://user:password@nats-1,nats://nats-2`, `nats://token@nats-1`. The first user, or token, is used for all servers.
///
/// The connection is shared by all clones, and is reestablished when it breaks. For other settings, such as
/// credentials or TLS, connect with [`async_nats::ConnectOptions`] and pass
/// [`async_nats::jetstream::new(client)`](async_nats::jetstream::new) to [`Streams::new`](crate::Streams::new).
///
/// ```no_run
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use clerk_webhooks_nats::{Streams, async_nats::{self, jetstream}, open_nats};
///
/// let streams = Streams::new(open_nats("nats://127.0.0.1:4222").await?);
///
/// let options = async_nats::ConnectOptions::new().name("billing").request_timeout(None);
/// let client = options.connect("nats://nats.internal").await?;
/// let streams = Streams::new(jetstream::new(client));
/// # let _ = streams;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When no server can be reached, or refuses the connection. It is tried once, for two seconds a server.
///
/// # Panics
///
/// When it is called outside a tokio runtime.
pub async fn open_nats(url: &str) -> Result<Context, NatsError> {
    let servers: Result<Vec<ServerAddr>, _> =
        url.split(',').map(|url| url.trim().parse()).collect();
    let servers = servers.map_err(NatsError::of("read its URL"))?;
    let options = with_credentials(ConnectOptions::new(), &servers)
        .connection_timeout(CONNECTION_TIMEOUT)
        .request_timeout(Some(REQUEST_TIMEOUT))
        .ping_interval(PING_INTERVAL)
        .reconnect_delay_callback(|attempts| {
            let steps = attempts.min(LONGEST_DELAY);
            Duration::from_millis(100) * u32::try_from(steps).unwrap_or_default()
        });
    let client = options.connect(servers).await;
    let client = client.map_err(NatsError::of("connect"))?;
    Ok(async_nats::jetstream::new(client))
}

/// The client itself ignores a user in a URL.
fn with_credentials(options: ConnectOptions, servers: &[ServerAddr]) -> ConnectOptions {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut servers = servers.iter();
    match servers.find_map(|server| Some((server.username()?, server.password()))) {
        Some((user, Some(password))) => options.user_and_password(decoded(user), decoded(password)),
        Some((token, None)) => options.token(decoded(token)),
        None => options,
    }
}
