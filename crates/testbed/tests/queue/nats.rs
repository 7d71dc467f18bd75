//! The suite on NATS, each test with streams of its own, and what only NATS does.

use std::{env, future::Future, sync::Arc, time::Duration};

use async_nats::{
    HeaderMap,
    jetstream::{
        self, Context,
        stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
    },
};
use clerk_webhooks::queue::{Enqueued, EventQueue as _, Handler, QueuedEvent};
use clerk_webhooks_nats::{Streams, migrate, open_nats, queue::Queue};
use clerk_webhooks_testbed::engines::Nats;
use futures_util::StreamExt as _;
use tokio::{
    sync::Notify,
    task::{self, JoinError},
    time::sleep,
};
use tower::{BoxError, service_fn};

use crate::{
    scenarios::{crashing::waiting_for, storing::noting},
    support::{
        Bench, BoxFuture, Engine, Heard, Running, Seen, event, event_with, hasty_policy, in_time,
        short_policy,
    },
};

const URL: &str = "CLERK_WEBHOOKS_NATS_URL";
/// What a server with default settings can take.
const LARGEST_BODY: usize = 256 * 1024;

async fn on_a_bench<F>(scenario: impl FnOnce(Bench<Queue>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    on_streams(|own| async move {
        let running = bench(&own).await;
        task::spawn(scenario(running)).await
    })
    .await;
}

/// Some that are gone afterwards, whatever becomes of the test.
async fn on_streams<F>(test: impl FnOnce(OwnStreams) -> F)
where
    F: Future<Output = Result<(), JoinError>>,
{
    let url = env::var(URL).unwrap_or_else(|_| panic!("{URL} is not set"));
    let own = streams_at(&url).await;
    let outcome = test(own.clone()).await;
    for suffix in ["", "_failures", "_dead"] {
        // Some tests make only some of them.
        let _ = own
            .context
            .delete_stream(format!("{}{suffix}", own.name))
            .await;
    }
    outcome.unwrap();
}

#[derive(Clone)]
struct OwnStreams {
    streams: Streams,
    context: Context,
    name: String,
}

async fn streams_at(url: &str) -> OwnStreams {
    let context = open_nats(url).await.unwrap();
    let name = format!("test_{:016x}", fastrand::u64(..));
    let streams = Streams::new(context.clone()).with_name(&name);
    OwnStreams {
        streams: streams.with_max_body_bytes(LARGEST_BODY),
        context,
        name,
    }
}

async fn bench(own: &OwnStreams) -> Bench<Queue> {
    migrate(&own.streams).await.unwrap();
    let streams = own.streams.clone();
    Bench {
        queue: Queue::new(&own.streams, "clerk").await.unwrap(),
        reopen: Arc::new(move || {
            let streams = streams.clone();
            Box::pin(async move { Queue::new(&streams, "clerk").await.unwrap() })
        }),
        engine: Arc::new(Around {
            context: own.context.clone(),
            name: own.name.clone(),
        }),
    }
}

/// An outsider with the same rights.
#[derive(Clone)]
struct Around {
    context: Context,
    name: String,
}

impl Around {
    async fn stream(&self) -> jetstream::stream::Stream {
        self.context.get_stream(&self.name).await.unwrap()
    }

    /// The server gives the event to the next worker that asks.
    async fn take_back(self) {
        let stream = self.stream().await;
        let sequence = stream.cached_info().state.first_sequence;
        let consumer = stream.consumer_info("clerk").await.unwrap();
        let (name, delivery) = (&self.name, consumer.delivered.consumer_sequence);
        let subject = format!("$JS.ACK.{name}.clerk.1.{sequence}.{delivery}.0.0");
        let client = self.context.client();
        client.publish(subject, "-NAK".into()).await.unwrap();
        client.flush().await.unwrap();
    }
}

impl Engine for Around {
    fn replace(&self, stored: &'static str) -> BoxFuture<()> {
        let around = self.clone();
        Box::pin(async move {
            let stream = around.stream().await;
            let state = &stream.cached_info().state;
            assert_eq!(state.messages, 1);
            stream.delete_message(state.first_sequence).await.unwrap();
            let mut headers = HeaderMap::new();
            // As if requeued: the id itself is known.
            headers.insert("Nats-Msg-Id", "clerk/msg_1#replaced");
            let subject = format!("{}.clerk", around.name);
            let stored = around
                .context
                .publish_with_headers(subject, headers, stored.into());
            assert!(!stored.await.unwrap().await.unwrap().duplicate);
        })
    }

    fn end_lease(&self) -> BoxFuture<()> {
        Box::pin(self.clone().take_back())
    }

    fn take_over(&self) -> BoxFuture<()> {
        Box::pin(self.clone().take_back())
    }

    fn stored_bodies(&self) -> BoxFuture<u64> {
        let around = self.clone();
        Box::pin(async move { around.stream().await.cached_info().state.messages })
    }

    fn forgets_dropped_ids(&self) -> bool {
        false
    }
}

all_scenarios!(
    super::on_a_bench,
    ignore = "needs a NATS server with JetStream: set CLERK_WEBHOOKS_NATS_URL"
);

/// The answer to a request for events is lost with its connection: nobody runs the event, and nobody says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a NATS server with JetStream: set CLERK_WEBHOOKS_NATS_URL"]
async fn an_event_that_was_delivered_to_nobody_runs_all_the_same() {
    on_streams(|own| task::spawn(delivered_to_nobody(own))).await;
}

async fn delivered_to_nobody(own: OwnStreams) {
    let (bench, seen) = (bench(&own).await, Seen::default());
    let start = || {
        let worker = bench.queue.worker(noting(&seen));
        Running::start(worker.with_lease(Duration::from_secs(2)))
    };
    // The first worker makes the consumer.
    bench.store("msg_0").await;
    let worker = start();
    seen.reaches(1).await;
    worker.stop().await;
    bench.store("msg_1").await;
    let consumer = own.context.get_consumer_from_stream("clerk", &own.name);
    let consumer: jetstream::consumer::PullConsumer = consumer.await.unwrap();
    let mut batch = consumer.batch().max_messages(1).messages().await.unwrap();
    batch.next().await.unwrap().unwrap();
    bench.is_counted(0, 1, 0).await;
    let worker = start();
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a NATS server with JetStream: set CLERK_WEBHOOKS_NATS_URL"]
async fn a_shutdown_gives_back_what_comes_late_and_nothing_is_counted() {
    on_a_bench(|bench| async move {
        let (seen, go_on) = (Seen::default(), Arc::new(Notify::new()));
        let worker = bench.queue.worker(waiting_for(&seen, &go_on, |_| true));
        let worker = Running::start(worker.with_concurrency(3));
        bench.store("msg_1").await;
        seen.reaches(1).await;
        let stopping = tokio::spawn(worker.stop());
        // The worker's request for two more is still at the server.
        sleep(Duration::from_millis(20)).await;
        bench.store("msg_2").await;
        bench.store("msg_3").await;
        sleep(Duration::from_millis(1500)).await;
        go_on.notify_one();
        stopping.await.unwrap();
        let next = Running::start(bench.queue.worker(noting(&seen)));
        bench.is_counted(0, 0, 0).await;
        next.stop().await;
        assert_eq!(seen.attempts(), [1, 1, 1]);
    })
    .await;
}

fn failing_while(down: &Arc<Notify>, seen: &Seen) -> impl Handler + use<> {
    let (seen, go_on) = (seen.clone(), Arc::clone(down));
    service_fn(move |event: QueuedEvent| {
        let go_on = Arc::clone(&go_on);
        seen.note(event);
        async move {
            go_on.notified().await;
            Err::<(), BoxError>("no such customer".into())
        }
    })
}

/// A worker survives a restart of the server, and records what ended meanwhile once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn an_end_while_the_server_is_down_is_recorded_once() {
    let mut nats = Nats::start().await.unwrap();
    let own = streams_at(&nats.url()).await;
    let bench = bench(&own).await;
    bench.store("msg_1").await;
    let (seen, go_on) = (Seen::default(), Arc::new(Notify::new()));
    let (letters, mut told) = tokio::sync::mpsc::unbounded_channel();
    let worker = bench.queue.worker(failing_while(&go_on, &seen));
    let worker = worker
        // Longer than a restart takes on a busy machine.
        .with_lease(Duration::from_secs(300))
        .with_retry_policy(short_policy().with_max_attempts(1))
        .on_dead_letter(move |letter| letters.send(letter.message_id.clone()).unwrap());
    let worker = Running::start(worker);
    seen.reaches(1).await;
    // Not killed: it writes down that it delivered the event some time after it did.
    nats.stop(0).unwrap();
    // The client may send it later, which an error does not rule out: to another queue.
    let other = bench.queue.named("other");
    let refused = other.enqueue(&event("msg_2"), None).await.unwrap_err();
    assert!(
        refused.to_string().contains("cannot be reached"),
        "{refused}"
    );
    go_on.notify_one();
    sleep(Duration::from_secs(1)).await;
    nats.restart(0).await.unwrap();
    bench.is_counted(0, 0, 1).await;
    let stored = bench.queue.enqueue(&event("msg_1"), None).await.unwrap();
    assert_eq!(stored, Enqueued::Duplicate, "the server forgot an id");
    worker.stop().await;
    assert_eq!(told.recv().await.as_deref(), Some("msg_1"));
    assert!(told.recv().await.is_none(), "reported twice");
    assert_eq!(seen.attempts(), [1]);
}

/// The leader of a stream that has no majority must not call a message a duplicate of its first copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "starts its own NATS: run it where nats-server is installed"]
async fn nothing_is_acknowledged_without_a_majority() {
    let mut nats = Nats::start_cluster(3).await.unwrap();
    let mut own = streams_at(&nats.url()).await;
    own.streams = own.streams.with_replicas(3);
    migrate(&own.streams).await.unwrap();
    let leader = leader_of(&own).await;
    let url = nats.url();
    let streams = Streams::new(
        open_nats(url.split(',').nth(leader).unwrap())
            .await
            .unwrap(),
    );
    let streams = streams
        .with_name(&own.name)
        .with_max_body_bytes(LARGEST_BODY);
    let queue = Queue::new(&streams, "clerk").await.unwrap();
    let others = (0..nats.nodes()).filter(|node| *node != leader);
    let others: Vec<_> = others.collect();
    others.iter().for_each(|node| nats.kill(*node).unwrap());
    for copy in 1..=3 {
        let stored = queue.enqueue(&event("msg_1"), None).await;
        assert!(stored.is_err(), "copy {copy} is {stored:?}");
    }
    for node in others {
        nats.restart(node).await.unwrap();
    }
    let retrying = async {
        while let Err(error) = queue.enqueue(&event("msg_1"), None).await {
            println!("{error}");
            sleep(Duration::from_secs(1)).await;
        }
    };
    in_time(retrying).await;
    let seen = Seen::default();
    let worker = Running::start(queue.worker(noting(&seen)));
    seen.reaches(1).await;
    worker.stop().await;
    assert_eq!(seen.events()[0].message_id(), "msg_1");
}

/// The number of the server.
async fn leader_of(own: &OwnStreams) -> usize {
    let electing = async {
        loop {
            let stream = own.context.get_stream(&own.name).await.unwrap();
            let cluster = stream.cached_info().cluster.as_ref();
            if let Some(name) = cluster.and_then(|cluster| cluster.leader.as_deref()) {
                return name.trim_start_matches("node_").parse().unwrap();
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    in_time(electing).await
}

#[tokio::test(flavor = "current_thread")]
#[ignore = "needs a NATS server with JetStream: set CLERK_WEBHOOKS_NATS_URL"]
async fn a_stream_that_would_lose_events_is_refused_with_what_to_do() {
    on_streams(|own| task::spawn(would_lose_events(own))).await;
}

async fn would_lose_events(own: OwnStreams) {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let sound = |name: &str| Config {
        name: name.to_owned(),
        subjects: vec![format!("{name}.*")],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        duplicate_window: hours(28),
        ..Config::default()
    };
    type Change = fn(&mut Config);
    let faults: [(Change, &str); 9] = [
        (
            |config| config.retention = RetentionPolicy::Limits,
            "retention policy limits",
        ),
        (
            |config| config.retention = RetentionPolicy::Interest,
            "retention policy interest",
        ),
        (
            |config| config.storage = StorageType::Memory,
            "kept in memory",
        ),
        (|config| config.no_ack = true, "--ack"),
        (
            |config| (config.discard, config.max_messages) = (DiscardPolicy::Old, 1000),
            "--discard new",
        ),
        (
            |config| config.max_age = Duration::from_secs(99 * 24 * 3600),
            "--max-age 0",
        ),
        (
            |config| config.max_messages_per_subject = 5,
            "--max-msgs-per-subject=-1",
        ),
        (
            |config| config.max_message_size = 100_000,
            "--max-msg-size 589824",
        ),
        (
            |config| config.duplicate_window = Duration::from_secs(120),
            "--dupe-window 100800s",
        ),
    ];
    for (change, advice) in faults {
        let mut config = sound(&own.name);
        change(&mut config);
        own.context.create_stream(config).await.unwrap();
        let refused = migrate(&own.streams).await.unwrap_err().to_string();
        assert!(refused.contains(advice), "{refused}");
        assert!(refused.contains(&own.name), "{refused}");
        own.context.delete_stream(&own.name).await.unwrap();
    }
    let missing = Queue::new(&own.streams, "clerk")
        .await
        .unwrap_err()
        .to_string();
    assert!(missing.contains("call `migrate`"), "{missing}");
    own.context.create_stream(sound(&own.name)).await.unwrap();
    migrate(&own.streams).await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
#[ignore = "needs a NATS server with JetStream: set CLERK_WEBHOOKS_NATS_URL"]
async fn a_server_that_takes_only_small_messages_is_refused_with_what_to_do() {
    on_streams(|own| task::spawn(takes_only_small_messages(own))).await;
}

async fn takes_only_small_messages(own: OwnStreams) {
    let offered = own.context.client().max_payload();
    let streams = Streams::new(own.context.clone()).with_name(&own.name);
    let largest = (offered - 64 * 1024) / 2;
    let too_large = streams.clone().with_max_body_bytes(largest + 1);
    let opened = Queue::new(&too_large, "clerk").await.map(drop);
    for refused in [migrate(&too_large).await, opened] {
        let refused = refused.unwrap_err().to_string();
        for part in [
            &*format!("the server's max_payload is {offered} bytes"),
            &format!("set `max_payload: {}`", offered + 2),
            "nats-server --signal reload",
            "`with_max_body_bytes`",
        ] {
            assert!(refused.contains(part), "{refused}");
        }
    }
    let made = own.context.get_stream(&own.name).await;
    assert!(made.is_err(), "a stream was made before the refusal");
    let accepted = streams.with_max_body_bytes(largest);
    migrate(&accepted).await.unwrap();
    // Each character of this body needs two in JSON.
    let body = serde_json::json!({ "body": "\"".repeat(largest) });
    let stored = event_with("msg_1", &body);
    let queue = Queue::new(&accepted, "clerk").await.unwrap();
    assert_eq!(queue.enqueue(&stored, None).await.unwrap(), Enqueued::New);
}

#[tokio::test(flavor = "current_thread")]
async fn what_cannot_be_reached_says_so_within_a_second() {
    let begun = std::time::Instant::now();
    let refused = open_nats("nats://127.0.0.1:1").await.unwrap_err();
    assert!(
        refused.to_string().contains("cannot be reached"),
        "{refused}"
    );
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(source.contains("refused"), "{source}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// Many more events wait for their retry than the server's default limit of unacknowledged messages.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a NATS server with JetStream: set CLERK_WEBHOOKS_NATS_URL"]
async fn events_that_wait_for_their_retry_do_not_hold_up_others() {
    on_a_bench(|bench| async move {
        let seen = Seen::default();
        let noted = seen.clone();
        let service = service_fn(move |event: QueuedEvent| {
            let is_good = event.message_id() == "msg_good";
            noted.note(event);
            async move {
                match is_good {
                    true => Ok(()),
                    false => Err::<(), BoxError>("no such customer".into()),
                }
            }
        });
        let policy = short_policy().with_initial_backoff(Duration::from_secs(3600));
        let worker = bench.queue.worker(service).with_retry_policy(policy);
        let worker = Running::start(worker.with_concurrency(100));
        for number in 0..1100 {
            bench.store(&format!("msg_{number}")).await;
        }
        seen.reaches(1100).await;
        bench.store("msg_good").await;
        seen.reaches(1101).await;
        bench.is_counted(0, 1100, 0).await;
        worker.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "current_thread")]
#[ignore = "needs a NATS server with JetStream: set CLERK_WEBHOOKS_NATS_URL"]
async fn logs_name_the_event_and_hold_no_payload() {
    let heard = Heard::default();
    let _heard = heard.listen("debug");
    on_a_bench(fails_and_dies).await;
    for (text, attempt) in [("failed, runs again", 1), ("dead-lettered", 3)] {
        let line = heard.line_with(text);
        for field in [
            "queue=\"clerk\"",
            "message_id=\"msg_1\"",
            "event_type=\"user.deleted\"",
            "no mail",
        ] {
            assert!(line.contains(field), "{line}");
        }
        assert!(line.contains(&format!("attempt={attempt}")), "{line}");
    }
    let ours = heard.text();
    let ours = ours.lines().filter(|line| line.contains("clerk_webhooks"));
    assert!(
        !ours.collect::<String>().contains("user_1"),
        "a payload was logged"
    );
}

async fn fails_and_dies(bench: Bench<Queue>) {
    bench.store("msg_1").await;
    let failing = service_fn(|_: QueuedEvent| async { Err::<(), BoxError>("no mail".into()) });
    let worker = bench
        .queue
        .worker(failing)
        .with_retry_policy(hasty_policy());
    let worker = Running::start(worker);
    bench.is_counted(0, 0, 1).await;
    worker.stop().await;
}
