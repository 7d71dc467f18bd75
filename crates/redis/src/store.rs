//! The store: five commands.

use std::{fmt, sync::Arc, time::Duration};

use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
use redis::{
    Cmd, FromRedisValue, RedisError,
    aio::{ConnectionLike, ConnectionManager},
};

use crate::{
    connect::connect,
    error::{Attempt, RedisStoreError},
    key,
};

const DEFAULT_PREFIX: &str = "clerk-webhooks";
/// Extends the key if it has the holder's token, in one atomic step on the server.
const EXTEND: &str = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end \
    return redis.call('pexpire', KEYS[1], ARGV[2])";
/// Removes the key if it has one of these values.
const REMOVE: &str = "local value = redis.call('get', KEYS[1]) \
    for _, expected in ipairs(ARGV) do \
        if value == expected then return redis.call('del', KEYS[1]) end \
    end \
    return 0";

/// Claims in Redis, under `{prefix}:{scope}:{message id}`.
///
/// A clone shares the connection. Every key expires by itself, so there is nothing to purge.
///
/// ```no_run
/// use clerk_webhooks_redis::RedisStore;
///
/// # async fn example() -> Result<(), clerk_webhooks_redis::RedisStoreError> {
/// let store = RedisStore::connect("redis://127.0.0.1:6379").await?.with_prefix("shop:webhooks");
/// # Ok(())
/// # }
/// ```
///
/// If the connection breaks, the command is sent once more on the next connection. If the first command was carried
/// out, a repeated claim is recognized by its token, and a repeated release or forget returns `false`. Any other
/// failure is an error at once, and the sender retries.
#[derive(Clone)]
pub struct RedisStore<C = ConnectionManager> {
    connection: C,
    prefix: Arc<str>,
}

impl RedisStore {
    /// Connects to a single server, with waits that are shorter than the sender's 15 seconds.
    ///
    /// The URL has the format of the crate `redis`, such as `redis://user:password@host:6379/0`. `rediss://` (TLS)
    /// needs a feature of that crate in your own `Cargo.toml`, for example `tokio-rustls-comp`.
    ///
    /// - The first connection: one attempt of at most 1 second.
    /// - After a broken connection: 3 attempts to reconnect, of at most 1 second each.
    /// - An answer: at most 2 seconds.
    ///
    /// The connection uses RESP3, so that it notices when it was closed while idle, and sends TCP keep-alives. If you
    /// need other settings, make the connection yourself and pass it to [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// When the URL is not valid, or the server cannot be reached now or refuses the login.
    pub async fn connect(url: &str) -> Result<Self, RedisStoreError> {
        let connection = connect(url).await;
        let connection = connection.map_err(|e| RedisStoreError::new(Attempt::Connect, e))?;
        Ok(Self::new(connection))
    }
}

impl<C> RedisStore<C> {
    /// A store on your own connection: a [`ConnectionManager`], or any other connection of the crate `redis` that is
    /// shared by cloning.
    ///
    /// The store uses the connection's timeouts. A `ConnectionManager` with its default settings may take 13 seconds to
    /// notice that a server is gone; [`connect`](RedisStore::connect) has stricter settings.
    ///
    /// A cluster needs the feature `cluster-async` of the crate `redis` in your own `Cargo.toml`. Each command uses one
    /// key, so hash slots do not matter:
    ///
    /// ```no_run
    /// use clerk_webhooks_redis::{RedisStore, redis::cluster::ClusterClient};
    ///
    /// # async fn example() -> Result<(), clerk_webhooks_redis::redis::RedisError> {
    /// let nodes = ["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"];
    /// let client = ClusterClient::new(nodes)?;
    /// let store = RedisStore::new(client.get_async_connection().await?);
    /// # fn is_a_store(_: impl clerk_webhooks::idempotency::IdempotencyStore) {}
    /// # is_a_store(store);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            prefix: DEFAULT_PREFIX.into(),
        }
    }

    /// The names of all keys begin with `prefix` and a colon: `clerk-webhooks` unless set.
    ///
    /// The prefix is not encoded, so that an ACL's key pattern can match it (`~shop:webhooks:*`). Stores with different
    /// prefixes never share a key, even if one prefix begins with the other.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<Arc<str>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    fn name(&self, key: &MessageKey) -> String {
        key::name(&self.prefix, key)
    }
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> IdempotencyStore for RedisStore<C> {
    type Error = RedisStoreError;

    /// A repeated claim whose first answer was lost finds its own token.
    async fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<Claim, RedisStoreError> {
        let holder = token.to_string();
        let mut command = redis::cmd("SET");
        command.arg(self.name(key)).arg(&holder);
        command.arg("NX").arg("GET").arg("PX").arg(millis(lease));
        let found: Option<String> = self.run(Attempt::Claim, &command).await?;
        let Some(found) = found.filter(|found| *found != holder) else {
            return Ok(Claim::Claimed);
        };
        Ok(Outcome::from_name(&found).map_or(Claim::InProgress, Claim::Completed))
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, RedisStoreError> {
        let mut command = self.script(EXTEND, key, &token.to_string());
        self.run(Attempt::Extend, command.arg(millis(lease))).await
    }

    async fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> Result<(), RedisStoreError> {
        let mut command = redis::cmd("SET");
        command.arg(self.name(key)).arg(outcome.as_str());
        command.arg("PX").arg(millis(retention));
        self.run(Attempt::Complete, &command).await
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, RedisStoreError> {
        let command = self.script(REMOVE, key, &token.to_string());
        self.run(Attempt::Release, &command).await
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, RedisStoreError> {
        let mut command = self.script(REMOVE, key, Outcome::Succeeded.as_str());
        let command = command.arg(Outcome::PermanentlyFailed.as_str());
        self.run(Attempt::Forget, command).await
    }
}

impl<C: ConnectionLike + Clone> RedisStore<C> {
    /// Sends the script as text. That is shorter than a fallback for a server that has forgotten the script's hash.
    fn script(&self, script: &str, key: &MessageKey, value: &str) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(1).arg(self.name(key)).arg(value);
        command
    }

    async fn run<T: FromRedisValue>(
        &self,
        attempt: Attempt,
        command: &Cmd,
    ) -> Result<T, RedisStoreError> {
        let mut connection = self.connection.clone();
        let answer = match command.query_async(&mut connection).await {
            Err(error) if broke_under_way(&error) => command.query_async(&mut connection).await,
            answer => answer,
        };
        answer.map_err(|error| RedisStoreError::new(attempt, error))
    }
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Whether an established connection broke. A refused connection does not count, since it was already tried several
/// times.
fn broke_under_way(error: &RedisError) -> bool {
    error.is_connection_dropped() && !error.is_connection_refusal()
}

/// Whole milliseconds, rounded up; at least one, at most what a server can add to its clock.
fn millis(duration: Duration) -> u64 {
    const MAX: u64 = u64::MAX / 4;
    let millis = duration.as_nanos().div_ceil(1_000_000);
    u64::try_from(millis).map_or(MAX, |millis| millis.clamp(1, MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_up_and_never_nothing() {
        assert_eq!(millis(Duration::ZERO), 1);
        assert_eq!(millis(Duration::from_nanos(1)), 1);
        assert_eq!(millis(Duration::from_millis(1)), 1);
        assert_eq!(millis(Duration::from_nanos(1_000_001)), 2);
        assert_eq!(millis(Duration::from_secs(60)), 60_000);
        assert_eq!(millis(Duration::MAX), u64::MAX / 4);
    }

    #[test]
    fn a_store_shows_its_prefix_and_nothing_of_its_connection() {
        let store = RedisStore::new("redis://user:password@host").with_prefix("shop");
        assert_eq!(format!("{store:?}"), r#"RedisStore { prefix: "shop", .. }"#);
    }
}
