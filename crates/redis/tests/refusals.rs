//! A server that refuses, is silent or is not there: what the store says, and that it never hangs.

use std::{
    error::Error as _,
    time::{Duration, Instant},
};

use clerk_webhooks::idempotency::{ClaimToken, IdempotencyStore as _};
use clerk_webhooks_redis::{RedisStore, RedisStoreError};

use self::support::{
    fake::{self, Answer},
    message,
};

mod support;

const LEASE: Duration = Duration::from_secs(60);

async fn claim(store: &RedisStore) -> RedisStoreError {
    let key = message("msg_1");
    let claim = store.claim(&key, ClaimToken::random(), LEASE);
    claim.await.unwrap_err()
}

async fn refusal(line: &'static str) -> RedisStoreError {
    let url = fake::start(Answer::Line(line)).await;
    let store = RedisStore::connect(&url).await.unwrap();
    claim(&store).await
}

#[track_caller]
fn assert_says(error: &RedisStoreError, advice: &str, servers_own_words: &str) {
    let text = error.to_string();
    assert!(text.contains(advice), "{text}");
    let source = error.source().unwrap().to_string();
    assert!(source.contains(servers_own_words), "{source}");
}

#[tokio::test]
async fn a_server_before_redis_7_is_called_too_old() {
    let error = refusal("-ERR syntax error").await;
    assert_says(&error, "it takes Redis 7.0 or newer", "syntax error");
    assert!(error.to_string().contains("could not claim a message"));
}

#[tokio::test]
async fn what_the_server_refuses_comes_with_advice_and_its_own_words() {
    for (line, advice) in [
        (
            "-READONLY You can't write against a read only replica.",
            "connect to the primary",
        ),
        (
            "-OOM command not allowed when used memory > 'maxmemory'.",
            "raise `maxmemory`",
        ),
        (
            "-MISCONF Redis is configured to save RDB snapshots",
            "takes no writes for now",
        ),
        ("-NOAUTH Authentication required.", "user or password"),
        (
            "-NOPERM this user has no permissions to run the 'set' command",
            "ACL",
        ),
        (
            "-LOADING Redis is loading the dataset in memory",
            "not ready yet",
        ),
        ("-MOVED 3999 127.0.0.1:6381", "cluster connection"),
        (
            "-WRONGTYPE Operation against a key holding the wrong kind of value",
            "prefix of its own",
        ),
        ("-ERR max number of clients", "its own words say why"),
    ] {
        let (_, words) = line.split_once(' ').unwrap();
        assert_says(&refusal(line).await, advice, words);
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_an_error() {
    let error = refusal("*0").await;
    assert!(error.to_string().contains("makes no sense"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_reported_soon() {
    let begun = Instant::now();
    let error = RedisStore::connect(&fake::nobody().await)
        .await
        .unwrap_err();
    assert_says(&error, "could not connect: ", "refused");
    assert!(error.to_string().contains("cannot be reached"), "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_time() {
    is_given_up_in_time(Answer::Silence, "did not answer in time").await;
}

#[tokio::test]
async fn a_server_that_hangs_up_each_time_is_given_up_in_time() {
    is_given_up_in_time(Answer::HangUp, "closed the connection").await;
}

async fn is_given_up_in_time(answer: Answer, says: &str) {
    let store = RedisStore::connect(&fake::start(answer).await)
        .await
        .unwrap();
    let begun = Instant::now();
    let error = claim(&store).await;
    assert!(error.to_string().contains(says), "{error}");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_repeating_it() {
    for url in [
        "",
        "postgres://user:s3cret@host",
        "rediss://user:s3cret@127.0.0.1:1",
    ] {
        let error = RedisStore::connect(url).await.unwrap_err();
        let text = format!("{error} {error:?} {}", error.source().unwrap());
        assert!(text.contains("the URL is not understood"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
