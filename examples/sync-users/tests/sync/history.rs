//! A long history, delivered in any order, many times, at once, with failures in between, ends with the
//! truth.
//!
//! `SYNC_SEED` replays a history and its order (not what runs at once), `SYNC_DELIVERIES` makes it longer.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    future::poll_fn,
    io::{self, Write as _},
    mem,
    pin::pin,
    str::FromStr,
    sync::{Arc, Mutex},
    task::Poll,
    time::Instant,
};

use axum::http::StatusCode;
use example_sync_users::{Database, ORGANIZATIONS, TABLES};
use fastrand::Rng;

use crate::{
    clerk::{Clerk, Message},
    databases::{count, execute, rows},
    delivery::Endpoint,
    failures::{fail_none, fail_some},
};

/// How many deliveries are under way at once.
const AT_ONCE: usize = 16;

on_both_databases! {
    whatever_the_order_the_tables_end_with_the_truth,
}

async fn whatever_the_order_the_tables_end_with_the_truth(database: Database) {
    let start = Instant::now();
    let seed = variable("SYNC_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("SYNC_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    let (clerk, deliveries) = history(&mut random);
    let truth = clerk.truth();
    let sender = Arc::new(Sender::new(&database, clerk.messages));

    fail_some(&database, 10).await;
    let first = sender
        .deliver(&deliveries, &mut random, Weather::Rough)
        .await;
    fail_none(&database).await;
    assert_eq!(tables(&database).await, truth);
    sender.assert_each_worked_once(&first);
    let counted = sender.messages.iter().filter(|message| message.counts);
    let inbox = count(&database, "clerk_inbox").await;
    assert_eq!(usize::try_from(inbox).unwrap(), counted.count());
    let mut members = 0;
    for organization in database.rows(&ORGANIZATIONS).await.unwrap() {
        let id = organization[0].as_deref().unwrap();
        members += database.members(id).await.unwrap();
    }
    let living = count(&database, "memberships where deleted_at is null").await;
    assert_eq!(members, living, "a member was counted twice or not at all");
    assert!(first.failed > 0 && first.cut_off > 0);
    for outcome in [
        "created",
        "updated",
        "deleted",
        "stale",
        "duplicate",
        "ignored",
    ] {
        assert!(first.outcomes.contains_key(outcome), "{outcome}");
    }

    let second = sender
        .deliver(&deliveries, &mut random, Weather::Fair)
        .await;
    assert_eq!(tables(&database).await, truth);
    let outcomes: Vec<_> = second.outcomes.keys().collect();
    assert_eq!(outcomes, ["duplicate", "ignored"]);

    // The guards alone, as when the inbox has been purged.
    execute(&database, "delete from clerk_inbox").await;
    let each: Vec<_> = (0..sender.messages.len()).collect();
    sender.deliver(&each, &mut random, Weather::Fair).await;
    assert_eq!(tables(&database).await, truth);

    report(&format!(
        "history: seed {seed}, {} messages, {} deliveries, {} failed midway, {} cut off, first {:?}, \
         all again {:?}, each without the inbox: {:.1} s",
        each.len(),
        deliveries.len(),
        first.failed,
        first.cut_off,
        first.outcomes,
        second.outcomes,
        start.elapsed().as_secs_f32(),
    ));
}

/// What happened, and which message is delivered when: each one to five times.
fn history(random: &mut Rng) -> (Clerk, Vec<usize>) {
    let at_least = variable("SYNC_DELIVERIES").unwrap_or(10_000);
    let mut clerk = Clerk::new(random.fork());
    let mut deliveries = Vec::new();
    while deliveries.len() < at_least {
        let known = clerk.messages.len();
        clerk.go_on();
        for message in known..clerk.messages.len() {
            deliveries.extend((0..random.u8(1..=5)).map(|_| message));
        }
    }
    (clerk, deliveries)
}

async fn tables(database: &Database) -> [Vec<String>; 3] {
    let [users, organizations, memberships] = TABLES;
    [
        rows(database, users).await,
        rows(database, organizations).await,
        rows(database, memberships).await,
    ]
}

struct Sender {
    endpoint: Endpoint,
    messages: Vec<Message>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    /// Some deliveries are cut off midway, as when a sender gives up, and some transactions fail.
    Rough,
}

#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<String, usize>,
    failed: usize,
    cut_off: usize,
    /// By message: how often it was said to have done its work.
    worked: BTreeMap<usize, usize>,
    /// The messages of which an answer was not seen.
    unseen: BTreeSet<usize>,
}

impl Sender {
    fn new(database: &Database, messages: Vec<Message>) -> Self {
        let endpoint = Endpoint::new(database.clone());
        Self { endpoint, messages }
    }

    /// Delivers all in a random order, several at once, each until it is answered 200.
    async fn deliver(
        self: &Arc<Self>,
        deliveries: &[usize],
        random: &mut Rng,
        weather: Weather,
    ) -> Tally {
        let mut queue = deliveries.to_vec();
        random.shuffle(&mut queue);
        let queue = Arc::new(Mutex::new(queue));
        let tally = Arc::new(Mutex::new(Tally::default()));
        let work = |mut random: Rng| {
            let (sender, queue, tally) = (self.clone(), queue.clone(), tally.clone());
            async move {
                while let Some(message) = pop(&queue) {
                    let patience = match weather {
                        Weather::Rough if random.u8(0..20) == 0 => random.u32(1..12),
                        _ => u32::MAX,
                    };
                    let answer = sender.attempt(message, patience).await;
                    if !tally.lock().unwrap().note(message, answer) {
                        push_anywhere(&queue, message, &mut random);
                    }
                }
            }
        };
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| tokio::spawn(work(random.fork())))
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        mem::take(&mut *tally.lock().unwrap())
    }

    async fn attempt(&self, message: usize, patience: u32) -> Option<(StatusCode, String)> {
        let message = &self.messages[message];
        let delivery = self.endpoint.deliver(&message.id, message.body.clone());
        polled_at_most(patience, delivery).await
    }

    #[track_caller]
    fn assert_each_worked_once(&self, tally: &Tally) {
        for (number, message) in self.messages.iter().enumerate() {
            let worked = tally.worked.get(&number).copied().unwrap_or(0);
            let expected = usize::from(message.counts);
            let is_unseen = tally.unseen.contains(&number) && worked == 0;
            assert!(
                worked == expected || is_unseen,
                "{}: {worked} times",
                message.id
            );
        }
    }
}

impl Tally {
    /// Whether the delivery is done with.
    fn note(&mut self, message: usize, answer: Option<(StatusCode, String)>) -> bool {
        let Some((status, outcome)) = answer else {
            self.cut_off += 1;
            self.unseen.insert(message);
            return false;
        };
        if status != StatusCode::OK {
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
            self.failed += 1;
            return false;
        }
        if !["duplicate", "ignored"].contains(&outcome.as_str()) {
            *self.worked.entry(message).or_default() += 1;
        }
        *self.outcomes.entry(outcome).or_default() += 1;
        true
    }
}

fn pop(queue: &Mutex<Vec<usize>>) -> Option<usize> {
    queue.lock().unwrap().pop()
}

fn push_anywhere(queue: &Mutex<Vec<usize>>, message: usize, random: &mut Rng) {
    let mut queue = queue.lock().unwrap();
    let place = random.usize(0..=queue.len());
    queue.insert(place, message);
}

/// Drops the future, as axum does when a sender disconnects, when it is not ready by then.
async fn polled_at_most<T>(times: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        let Some(fewer) = left.checked_sub(1) else {
            return Poll::Ready(None);
        };
        left = fewer;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    match value.parse() {
        Ok(value) => Some(value),
        Err(_) => panic!("{name} is not a number: {value}"),
    }
}

/// To standard error itself: what a passing test prints otherwise is swallowed.
fn report(text: &str) {
    let mut stderr = io::stderr();
    writeln!(stderr, "{text}").unwrap();
}
