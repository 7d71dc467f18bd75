//! Engines lose nothing when they are killed, and listen where they did.

use std::{
    error::Error as _,
    net::SocketAddr,
    time::{Duration, Instant},
};

use async_nats::jetstream::{self, context::PublishErrorKind};
use clerk_webhooks_nats::open_nats;
use clerk_webhooks_sqlx::open_postgres;
use clerk_webhooks_testbed::engines::{Nats, Postgres, Redis};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query, query_scalar, raw_sql};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[tokio::test]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn postgres_keeps_what_was_committed_before_a_kill() {
    let mut postgres = Postgres::start().await.unwrap();
    let url = postgres.url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for statement in ["create table kept (n int)", "insert into kept values (7)"] {
        query(statement).execute(&mut connection).await.unwrap();
    }
    for _ in 0..2 {
        postgres.kill().unwrap();
        assert!(PgConnection::connect(&url).await.is_err(), "it is down");
        postgres.restart().await.unwrap();
    }
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let kept: i32 = query_scalar("select n from kept")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!((kept, postgres.url()), (7, url));
    let fsync: String = query_scalar("show fsync")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(fsync, "on");
}

#[tokio::test]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn a_wrong_password_is_told_at_once() {
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let rules: String = query_scalar("show hba_file")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let need_passwords = format!(
        "alter role postgres password 'right'; \
         copy (values ('host all all all scram-sha-256')) to '{rules}'; select pg_reload_conf()"
    );
    let need_passwords = raw_sql(AssertSqlSafe(need_passwords));
    need_passwords.execute(&mut connection).await.unwrap();
    let with = |password: &str| url.replacen('@', &format!(":{password}@"), 1);
    // The server reads its rules a moment later.
    while PgConnection::connect(&with("wrong")).await.is_ok() {}
    let begun = Instant::now();
    let refused = open_postgres(&with("wrong")).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(2));
    let advice = "PostgreSQL cannot be opened: the server refuses the user or the password";
    assert_eq!(refused.to_string(), advice);
    let source = refused.source().unwrap().to_string();
    assert!(
        source.contains("password authentication failed"),
        "{source}"
    );
    assert!(!source.contains("wrong"), "{source}");
    open_postgres(&with("right")).await.unwrap();
}

#[tokio::test]
#[ignore = "starts its own Redis: run it where Redis is installed"]
async fn redis_keeps_what_was_answered_before_a_kill() {
    let mut redis = Redis::start().await.unwrap();
    let address: SocketAddr = redis.url().trim_start_matches("redis://").parse().unwrap();
    assert_eq!(ask(address, "SET kept 7\r\n").await, "+OK\r\n");
    for _ in 0..2 {
        redis.kill().unwrap();
        assert!(TcpStream::connect(address).await.is_err(), "it is down");
        redis.restart().await.unwrap();
    }
    assert_eq!(ask(address, "GET kept\r\n").await, "$1\r\n7\r\n");
    let policy = ask(address, "CONFIG GET appendfsync\r\n").await;
    assert!(policy.contains("always"), "{policy}");
}

#[tokio::test]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn nats_keeps_what_was_acknowledged_before_a_kill() {
    let nats = Nats::start().await.unwrap();
    keeps_what_was_acknowledged(nats, 1).await;
}

#[tokio::test]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn three_nats_servers_keep_what_was_acknowledged_while_each_is_killed() {
    let nats = Nats::start_cluster(3).await.unwrap();
    keeps_what_was_acknowledged(nats, 3).await;
}

async fn keeps_what_was_acknowledged(mut nats: Nats, replicas: usize) {
    let url = nats.url();
    let context = open_nats(&url).await.unwrap();
    let config = jetstream::stream::Config {
        name: "kept".to_owned(),
        num_replicas: replicas,
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    let acknowledged = loop {
        let publishing = context.publish("kept", "7".into()).await.unwrap();
        match publishing.await {
            // The server that we are connected to does not know of the stream yet.
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {}
            answer => break answer.unwrap(),
        }
    };
    assert_eq!(acknowledged.sequence, 1);
    for node in 0..nats.nodes() {
        nats.kill(node).unwrap();
        nats.restart(node).await.unwrap();
    }
    assert_eq!(nats.url(), url);
    // A cluster elects leaders first.
    let mut tries = 0..10;
    while let Err(error) = is_kept(&url).await {
        assert!(tries.next().is_some(), "{error}");
    }
}

async fn is_kept(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let stream = open_nats(url).await?.get_stream("kept").await?;
    assert_eq!(&*stream.get_raw_message(1).await?.payload, b"7");
    Ok(())
}

/// Commands in Redis' inline form need no client.
async fn ask(address: SocketAddr, command: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(command.as_bytes()).await.unwrap();
    stream.write_all(b"QUIT\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.strip_suffix("+OK\r\n").unwrap().to_owned()
}
