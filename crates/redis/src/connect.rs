//! A connection for a store: every wait is bounded, and it reconnects when it breaks.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo as _, ProtocolVersion, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

const CONNECTION_TIMEOUT: Duration = Duration::from_secs(1);
/// Long enough for a busy disk under `appendfsync always`, and far below the 15 seconds that the sender waits.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
const RECONNECTIONS: usize = 2;
const MIN_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_millis(500);
/// How long a peer may be silent until it is considered gone.
const SILENCE: Duration = Duration::from_secs(10);

pub(crate) async fn connect(url: &str) -> RedisResult<ConnectionManager> {
    let info = url.into_connection_info()?;
    // With RESP3, a connection that breaks while it is idle is replaced at once.
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3);
    let info = info
        .set_redis_settings(settings)
        .set_tcp_settings(tcp_settings());
    let client = Client::open(info)?;
    // The manager would repeat its attempts. This single attempt reports the cause at once.
    let first = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECTION_TIMEOUT))
        .set_response_timeout(Some(CONNECTION_TIMEOUT));
    client
        .get_multiplexed_async_connection_with_config(&first)
        .await?;
    ConnectionManager::new_with_config(client, config()).await
}

fn config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECTION_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
        .set_number_of_retries(RECONNECTIONS)
        .set_min_delay(MIN_DELAY)
        .set_max_delay(MAX_DELAY)
}

/// A late answer does not make the manager reconnect. So the operating system must notice that the peer is gone.
fn tcp_settings() -> TcpSettings {
    let keepalive = TcpKeepalive::new()
        .with_time(SILENCE)
        .with_interval(SILENCE / 5);
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(SILENCE);
    settings
}
