//! The suite on Postgres, each test in a database of its own, and what only Postgres does.

use std::{
    env,
    future::Future,
    str::FromStr as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use clerk_webhooks::queue::EventQueue as _;
use clerk_webhooks_sqlx::{migrate, open_postgres, queue::Queue, sql::postgres::queue as sql};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::{self, JoinError},
};
use tower::{BoxError, service_fn};

use crate::{
    scenarios::storing::noting,
    support::{Bench, Execute, Running, Seen, SqlBench, event, in_time},
};

const URL: &str = "CLERK_WEBHOOKS_POSTGRES_URL";

async fn on_a_bench<F>(scenario: impl FnOnce(SqlBench<Postgres>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    on_a_database(|database| async {
        let running = bench(database).await;
        task::spawn(scenario(running)).await
    })
    .await;
}

/// One that is gone afterwards, whatever becomes of the test.
async fn on_a_database<F>(test: impl FnOnce(PgConnectOptions) -> F)
where
    F: Future<Output = Result<(), JoinError>>,
{
    let url = env::var(URL).unwrap_or_else(|_| panic!("{URL} is not set"));
    let server = PgConnectOptions::from_str(&url).unwrap();
    let name = format!("clerk_queue_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect_with(&server).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    admin.execute(create).await.unwrap();
    let outcome = test(server.database(&name)).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    admin.execute(drop).await.unwrap();
    outcome.unwrap();
}

async fn bench(database: PgConnectOptions) -> SqlBench<Postgres> {
    let around = database.clone();
    let one = PgPoolOptions::new().max_connections(1);
    let execute: Execute = Arc::new(move |sql| {
        let database = around.clone();
        Box::pin(async move {
            let mut connection = PgConnection::connect_with(&database).await.unwrap();
            let sql = AssertSqlSafe(in_postgres(&sql));
            connection.execute(sql).await.unwrap().rows_affected()
        })
    });
    SqlBench {
        pool: one.connect_lazy_with(database.clone()),
        begin: "begin",
        bench: Bench {
            engine: Arc::new(Arc::clone(&execute)),
            queue: open(database.clone()).await,
            reopen: Arc::new(move || Box::pin(open(database.clone()))),
        },
        execute,
    }
}

async fn open(database: PgConnectOptions) -> Queue<Postgres> {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(database);
    migrate(&pool).await.unwrap();
    Queue::new(&pool, "clerk").await.unwrap()
}

fn in_postgres(sql: &str) -> String {
    sql.replace("{queue}", "clerk_queue")
        .replace("{now}", "(extract(epoch from now()) * 1000)::bigint")
}

all_scenarios!(
    super::on_a_bench,
    ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"
);
sql_scenarios!(
    super::on_a_bench,
    ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"
);

/// As when the server restarts: every connection breaks, in the middle of a run too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn broken_connections_end_neither_worker_nor_what_it_runs() {
    on_a_bench(|bench| async move {
        let seen = Seen::default();
        let running = {
            let seen = seen.clone();
            service_fn(move |event: clerk_webhooks::queue::QueuedEvent| {
                seen.note(event);
                async {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    Ok::<_, BoxError>(())
                }
            })
        };
        let worker = bench.queue.worker(running);
        let worker = Running::start(worker.with_lease(Duration::from_secs(5)));
        let break_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        for round in 1..=3 {
            bench.store(&format!("msg_{round}")).await;
            seen.reaches(round).await;
            assert_ne!(bench.execute(break_all).await, 0);
            tokio::time::sleep(Duration::from_millis(200)).await;
            bench.execute(break_all).await;
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        bench.is_counted(0, 0, 0).await;
        worker.stop().await;
        assert_eq!(seen.attempts(), [1; 3]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_role_that_may_only_use_the_tables_is_enough_once_they_are_made() {
    on_a_database(|database| {
        task::spawn(async move {
            open(database.clone()).await;
            let role = format!("clerk_queue_{:016x}", fastrand::u64(..));
            let mut admin = PgConnection::connect_with(&database).await.unwrap();
            let make = format!(
                "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA public TO {role}; \
                 GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
            );
            admin.execute(AssertSqlSafe(make)).await.unwrap();
            let used = task::spawn(is_used(database.username(&role))).await;
            let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
            admin.execute(AssertSqlSafe(drop)).await.unwrap();
            used.unwrap();
        })
    })
    .await;
}

async fn is_used(database: PgConnectOptions) {
    let bench = bench(database).await;
    bench.store("msg_1").await;
    let worker = Running::start(bench.queue.worker(noting(&Seen::default())));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
}

/// Neither to lease, nor to look what is next, nor to count the dead, nor to purge.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_million_waiting_rows_are_not_read() {
    on_a_database(|database| {
        task::spawn(async move {
            let bench = bench(database.clone()).await;
            let fill = "INSERT INTO {queue} (queue, message_id, state, at, body) \
                 SELECT 'clerk', 'msg_' || i, 'waiting', {now} + 3600000 + i, '{}' \
                 FROM generate_series(1, 1000000) AS i";
            assert_eq!(bench.execute(fill).await, 1_000_000);
            bench.execute("VACUUM ANALYZE {queue}").await;
            let mut connection = PgConnection::connect_with(&database).await.unwrap();
            for (statement, parameters) in [
                (sql::LEASE, "'clerk', 0, 1, 10, 'worker', 10000"),
                (sql::NEXT, "'clerk'"),
                (sql::TAKE_OVER, "'clerk', 100, 10000"),
                (sql::COUNT, "'clerk', 'dead'"),
                (sql::PURGE, "'clerk', 604800000, 1000"),
            ] {
                let buffers = buffers(&mut connection, statement, parameters).await;
                assert!(buffers <= 10, "{buffers} buffers: {statement}");
            }
        })
    })
    .await;
}

/// How many the statement reads, the second time.
async fn buffers(connection: &mut PgConnection, statement: &str, parameters: &str) -> u64 {
    let prepare = format!("PREPARE measured AS {statement}");
    connection.execute(AssertSqlSafe(prepare)).await.unwrap();
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS) EXECUTE measured ({parameters})");
    let mut plan: Vec<String> = Vec::new();
    for _ in 0..2 {
        let explain = sqlx::query_scalar(AssertSqlSafe(explain.clone()));
        plan = explain.fetch_all(&mut *connection).await.unwrap();
    }
    connection.execute("DEALLOCATE measured").await.unwrap();
    // The first line with buffers is the whole statement's.
    let whole = plan.iter().find(|line| line.contains("Buffers:"));
    let whole = whole.unwrap_or_else(|| panic!("{plan:#?}"));
    let words = whole
        .split_whitespace()
        .filter(|word| !word.starts_with("dirtied"));
    let numbers = words.filter_map(|word| word.split_once('='));
    numbers
        .map(|(_, number)| number.parse::<u64>().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn what_cannot_be_opened_says_why_within_a_second() {
    let url = env::var(URL).unwrap_or_else(|_| panic!("{URL} is not set"));
    let server = PgConnectOptions::from_str(&url).unwrap();
    let nobody = server.clone().host("127.0.0.1").port(1);
    let absent = server.clone().database("clerk_queue_absent");
    for (options, cause) in [(nobody, "refused"), (absent, "does not exist")] {
        let pool = PgPoolOptions::new().connect_lazy_with(options);
        let begun = Instant::now();
        for refused in [
            migrate(&pool).await.unwrap_err(),
            Queue::new(&pool, "clerk").await.unwrap_err(),
        ] {
            let source = std::error::Error::source(&refused).unwrap().to_string();
            assert!(source.contains(cause), "{source}");
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{cause}");
    }
    let refused = open_postgres("postgres://postgres@127.0.0.1:1/test").await;
    let source = refused.unwrap_err();
    let source = std::error::Error::source(&source).unwrap().to_string();
    assert!(source.contains("refused"), "{source}");
}

/// A port that forwards to the server until it is dropped, and when a client has sent something.
struct Proxy {
    port: u16,
    sent: Arc<Mutex<Vec<Instant>>>,
    forwarding: task::JoinSet<()>,
}

impl Proxy {
    async fn start(server_port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (port, sent) = (listener.local_addr().unwrap().port(), Arc::default());
        let (counted, mut forwarding) = (Arc::clone(&sent), task::JoinSet::new());
        forwarding.spawn(async move {
            let mut connections = task::JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server_port))
                    .await
                    .unwrap();
                connections.spawn(forward(client, server, Arc::clone(&counted)));
            }
        });
        Self {
            port,
            sent,
            forwarding,
        }
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, sent: Arc<Mutex<Vec<Instant>>>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.split(), server.split());
    let requests = async {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            sent.lock().unwrap().push(Instant::now());
            to_server.write_all(&buffer[..length]).await.unwrap();
        }
    };
    tokio::select! {
        () = requests => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}

fn server_port() -> u16 {
    let url = env::var(URL).unwrap_or_else(|_| panic!("{URL} is not set"));
    PgConnectOptions::from_str(&url).unwrap().get_port()
}

/// What the core logs, rather than that there was no answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_push_to_a_server_that_is_down_tells_the_cause_in_time() {
    let mut proxy = Proxy::start(server_port()).await;
    on_a_database(|database| {
        task::spawn(async move {
            let queue = open(database.host("127.0.0.1").port(proxy.port)).await;
            proxy.forwarding.shutdown().await;
            let begun = Instant::now();
            let stored = queue.enqueue(&event("msg_1"), None).await;
            let refused = stored.unwrap_err();
            let source = std::error::Error::source(&refused).unwrap().to_string();
            assert!(source.contains("refused"), "{source}");
            assert!(begun.elapsed() < Duration::from_secs(5));
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn an_idle_worker_makes_two_round_trips_a_second_at_most() {
    // It connects, purges, counts its events for the metrics, and prepares its statements on each connection.
    const BEGINNING: usize = 48;
    // Even: a question and the check of the connection after it come together.
    const GAPS: usize = 6;
    let proxy = Proxy::start(server_port()).await;
    on_a_database(|database| {
        task::spawn(async move {
            let queue = open(database.host("127.0.0.1").port(proxy.port)).await;
            let first = proxy.sent.lock().unwrap().len() + BEGINNING;
            let worker = Running::start(queue.worker(noting(&Seen::default())));
            let sent = in_time(async {
                loop {
                    let sent = proxy.sent.lock().unwrap().clone();
                    if sent.len() > first + GAPS {
                        break sent;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            });
            let sent = sent.await;
            worker.stop().await;
            // A busy machine only makes them fewer.
            let took = sent[first + GAPS] - sent[first];
            assert!(took >= Duration::from_millis(500) * GAPS as u32, "{took:?}");
        })
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
async fn a_pool_that_does_not_commit_durably_is_warned_of() {
    let heard = crate::support::Heard::default();
    let _heard = heard.listen("warn");
    on_a_database(|database| {
        task::spawn(async move {
            let off = database.clone().options([("synchronous_commit", "off")]);
            let pool = PgPoolOptions::new().connect_lazy_with(off);
            migrate(&pool).await.unwrap();
            Queue::new(&pool, "clerk").await.unwrap();
        })
    })
    .await;
    assert_eq!(
        heard.text().matches("synchronous_commit is off").count(),
        1,
        "{}",
        heard.text()
    );
}
