//! The store on a real server.

use std::{collections::HashSet, time::Duration};

use clerk_webhooks::{
    idempotency::{Claim, ClaimToken, IdempotencyStore as _, MessageKey, Outcome},
    testing::idempotency_store,
};
use clerk_webhooks_redis::{
    RedisStore,
    redis::{self, Client, aio::ConnectionManager},
};
use tokio::task::JoinSet;

use self::support::{Keys, connection, message, url};

mod support;

const LEASE: Duration = Duration::from_secs(60);

/// Under a token of its own.
async fn claimed(store: &RedisStore, key: &MessageKey, lease: Duration) -> ClaimToken {
    let token = ClaimToken::random();
    let claim = store.claim(key, token, lease).await.unwrap();
    assert_eq!(claim, Claim::Claimed);
    token
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn the_store_holds_its_contract() {
    let keys = Keys::new().await;
    idempotency_store::check(keys.store().await).await;
    keys.remove().await;
}

#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn of_32_claims_through_two_connections_one_wins() {
    let keys = Keys::new().await;
    let stores = [keys.store().await, keys.store().await];
    for round in 0..20 {
        let mut claims = JoinSet::new();
        for place in 0..32 {
            let store = stores[place % 2].clone();
            let key = message(&format!("msg_{round}"));
            claims.spawn(async move {
                store
                    .claim(&key, ClaimToken::random(), LEASE)
                    .await
                    .unwrap()
            });
        }
        let claims = claims.join_all().await;
        let won = |claim: &&Claim| **claim == Claim::Claimed;
        assert_eq!(claims.iter().filter(won).count(), 1, "{claims:?}");
    }
    keys.remove().await;
}

#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn what_one_store_did_another_sees() {
    let keys = Keys::new().await;
    let (one, other) = (keys.store().await, keys.store().await);
    let key = message("msg_1");
    let token = claimed(&one, &key, LEASE).await;
    assert_eq!(
        other
            .claim(&key, ClaimToken::random(), LEASE)
            .await
            .unwrap(),
        Claim::InProgress
    );
    assert!(other.extend(&key, token, LEASE).await.unwrap());
    other
        .complete(&key, Outcome::Succeeded, LEASE)
        .await
        .unwrap();
    assert_eq!(
        one.claim(&key, ClaimToken::random(), LEASE).await.unwrap(),
        Claim::Completed(Outcome::Succeeded)
    );
    assert!(!one.release(&key, token).await.unwrap());
    assert!(one.forget(&key).await.unwrap());
    keys.remove().await;
}

#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn whatever_scope_and_id_hold_every_message_has_its_own_key() {
    let mut keys = Keys::new().await;
    let store = keys.store().await;
    let longest = "m".repeat(256);
    let scopes = [
        "",
        " ",
        ":",
        "a",
        "a:",
        "a:b",
        "a%3Ab",
        "%",
        "{a}",
        "*",
        "?",
        "[a]",
        "\0",
        "\r\n",
        "ü",
        "users\nDEL x",
    ];
    let ids = ["b", ":b", "b:c", "%3Ab", "*", longest.as_str()];
    for (scope, id) in scopes.iter().flat_map(|s| ids.map(|id| (*s, id))) {
        let claim = store
            .claim(&MessageKey::new(scope, id), ClaimToken::random(), LEASE)
            .await;
        assert!(
            matches!(claim, Ok(Claim::Claimed)),
            "{scope:?} {id:?}: {claim:?}"
        );
    }
    assert_eq!(keys.names().await.len(), scopes.len() * ids.len());
    keys.remove().await;
}

#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn prefixes_keep_stores_apart() {
    let keys = Keys::new().await;
    let store = keys.store().await;
    let nested = store.clone().with_prefix(format!("{}:users", keys.prefix));
    let outer = MessageKey::new("users", "a:b");
    let inner = MessageKey::new("a", "b");
    for (store, key) in [(&store, &outer), (&nested, &inner), (&nested, &outer)] {
        let claim = store.claim(key, ClaimToken::random(), LEASE).await.unwrap();
        assert_eq!(claim, Claim::Claimed);
    }
    store
        .complete(&outer, Outcome::Succeeded, LEASE)
        .await
        .unwrap();
    assert_eq!(
        nested
            .claim(&inner, ClaimToken::random(), LEASE)
            .await
            .unwrap(),
        Claim::InProgress
    );
    keys.remove().await;
}

#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn every_key_expires_by_itself() {
    let mut keys = Keys::new().await;
    let store = keys.store().await;
    let (held, extended, completed) = (message("msg_1"), message("msg_2"), message("msg_3"));
    store
        .claim(&held, ClaimToken::random(), LEASE)
        .await
        .unwrap();
    let token = claimed(&store, &extended, LEASE).await;
    assert!(store.extend(&extended, token, LEASE * 2).await.unwrap());
    store
        .claim(&completed, ClaimToken::random(), LEASE)
        .await
        .unwrap();
    store
        .complete(&completed, Outcome::Succeeded, LEASE * 3)
        .await
        .unwrap();
    for (id, left) in [("msg_1", LEASE), ("msg_2", LEASE * 2), ("msg_3", LEASE * 3)] {
        let name = format!("{}:users:{id}", keys.prefix);
        let pttl = milliseconds_left(&mut keys, &name).await;
        let expected = i64::try_from(left.as_millis()).unwrap();
        assert!(pttl > expected - 10_000 && pttl <= expected, "{id}: {pttl}");
    }
    keys.remove().await;
}

async fn milliseconds_left(keys: &mut Keys, name: &str) -> i64 {
    let mut command = redis::cmd("PTTL");
    let command = command.arg(name);
    command.query_async(&mut keys.connection).await.unwrap()
}

#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn the_longest_and_the_shortest_durations_are_taken() {
    let keys = Keys::new().await;
    let store = keys.store().await;
    let key = message("msg_1");
    let token = claimed(&store, &key, Duration::MAX).await;
    assert!(store.extend(&key, token, Duration::MAX).await.unwrap());
    store
        .complete(&key, Outcome::Succeeded, Duration::MAX)
        .await
        .unwrap();
    assert_eq!(
        store
            .claim(&key, ClaimToken::random(), LEASE)
            .await
            .unwrap(),
        Claim::Completed(Outcome::Succeeded)
    );
    store
        .complete(&key, Outcome::Succeeded, Duration::ZERO)
        .await
        .unwrap();
    store
        .claim(&message("msg_2"), ClaimToken::random(), Duration::ZERO)
        .await
        .unwrap();
    keys.remove().await;
}

/// The connection is closed while idle, as a proxy does. No delivery is to pay for that.
#[tokio::test]
#[ignore = "needs a Redis server: set CLERK_WEBHOOKS_REDIS_URL"]
async fn a_connection_that_was_killed_costs_no_claim() {
    let keys = Keys::new().await;
    let client = Client::open(url()).unwrap();
    let mut manager = ConnectionManager::new(client).await.unwrap();
    let store = RedisStore::new(manager.clone()).with_prefix(keys.prefix.as_str());
    let mut ids = HashSet::new();
    for round in 0..5 {
        let id: u64 = redis::cmd("CLIENT")
            .arg("ID")
            .query_async(&mut manager)
            .await
            .unwrap();
        assert!(ids.insert(id), "the connection was not made anew");
        kill(id).await;
        let key = message(&format!("msg_{round}"));
        let claim = store
            .claim(&key, ClaimToken::random(), LEASE)
            .await
            .unwrap();
        assert_eq!(claim, Claim::Claimed);
        assert_eq!(
            store
                .claim(&key, ClaimToken::random(), LEASE)
                .await
                .unwrap(),
            Claim::InProgress
        );
    }
    keys.remove().await;
}

async fn kill(id: u64) {
    let mut command = redis::cmd("CLIENT");
    let command = command.arg("KILL").arg("ID").arg(id);
    let killed: u64 = command.query_async(&mut connection().await).await.unwrap();
    assert_eq!(killed, 1);
}
