//! A server that is there, and one that says what it is told to.

#![allow(
    dead_code,
    reason = "each test target uses what it needs of these pieces"
)]

use std::env;

use clerk_webhooks::idempotency::{ClaimToken, MessageKey};
use clerk_webhooks_redis::{
    RedisStore,
    redis::{self, Client, aio::MultiplexedConnection},
};

pub(crate) mod fake;

/// Keys of a test's own, on the server of `CLERK_WEBHOOKS_REDIS_URL`.
pub(crate) struct Keys {
    pub(crate) prefix: String,
    pub(crate) connection: MultiplexedConnection,
}

impl Keys {
    pub(crate) async fn new() -> Self {
        Self {
            prefix: format!("clerk-webhooks-test-{}", ClaimToken::random()),
            connection: connection().await,
        }
    }

    pub(crate) async fn store(&self) -> RedisStore {
        let store = RedisStore::connect(&url()).await.unwrap();
        store.with_prefix(self.prefix.as_str())
    }

    pub(crate) async fn names(&mut self) -> Vec<String> {
        let pattern = format!("{}*", self.prefix);
        let (mut cursor, mut names) = (0_u64, Vec::new());
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern);
            scan.arg("COUNT").arg(1_000);
            let (next, found): (u64, Vec<String>) =
                scan.query_async(&mut self.connection).await.unwrap();
            names.extend(found);
            cursor = next;
            if cursor == 0 {
                return names;
            }
        }
    }

    pub(crate) async fn remove(mut self) {
        for name in self.names().await {
            let mut remove = redis::cmd("DEL");
            let _: u64 = remove
                .arg(name)
                .query_async(&mut self.connection)
                .await
                .unwrap();
        }
    }
}

pub(crate) fn url() -> String {
    env::var("CLERK_WEBHOOKS_REDIS_URL").expect("set CLERK_WEBHOOKS_REDIS_URL")
}

pub(crate) async fn connection() -> MultiplexedConnection {
    let client = Client::open(url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

pub(crate) fn message(id: &str) -> MessageKey {
    MessageKey::new("users", id)
}
