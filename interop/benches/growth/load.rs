//! Latency under an open load: requests are due at random moments, whether or not earlier ones are answered,
//! and a latency counts from the moment at which its request was due.
//!
//! All contenders get the same load: 50 and 80 % of what the server with typed events takes.

use std::{
    cell::RefCell,
    collections::VecDeque,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Builder,
    sync::Semaphore,
    task::{LocalSet, yield_now},
};

use crate::{
    CONTENDERS, is_trial,
    server::{Framing, Server, on_the_wire},
    support::{
        apps::{self, App},
        payloads::Payload,
        rounds,
    },
};

const CONNECTIONS: usize = 64;
const SHARES: [(&str, f64); 2] = [("50 %", 0.5), ("80 %", 0.8)];

#[derive(Serialize)]
struct Row {
    load: &'static str,
    contender: &'static str,
    /// Requests per second that were due, and that were answered.
    due: f64,
    answered: f64,
    /// In microseconds: half of the requests were faster, 99 % and 99.9 %. Medians of the rounds: in some
    /// rounds another program, or another machine on the same hardware, takes a core away for 10 ms.
    p50: f64,
    p99: f64,
    p999: f64,
}

pub(crate) fn measure() {
    let most = capacity();
    eprintln!("{} takes {most:.0} requests/s", apps::TYPED.name);
    let mut rows = Vec::new();
    for (load, share) in SHARES {
        let turns = rounds_of(most * share);
        rows.extend(
            CONTENDERS
                .iter()
                .zip(turns)
                .map(|(app, turns)| row(load, app, &turns)),
        );
    }
    rounds::write("load", &rows);
}

/// Signed now: all rounds together take longer than a signature is accepted.
fn request() -> Rc<[u8]> {
    on_the_wire(&Payload::user(), Framing::Declared).into()
}

/// The median of three measurements: the connections ask as soon as they are answered.
fn capacity() -> f64 {
    let request = request();
    let rates: Vec<_> = (0..3)
        .map(|_| {
            let server = Server::start(&apps::TYPED);
            let all_due_at_once = run(server.address, &request, f64::INFINITY);
            all_due_at_once.answered_a_second()
        })
        .collect();
    rounds::median(&rates)
}

/// Interleaved, seven for each contender.
fn rounds_of(rate: f64) -> Vec<Vec<Outcome>> {
    let mut turns: Vec<_> = CONTENDERS.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds::rounds().min(7) {
        for (app, turns) in CONTENDERS.iter().zip(&mut turns) {
            let (server, request) = (Server::start(app), request());
            run(server.address, &request, rate / 10.0); // warms it up
            turns.push(run(server.address, &request, rate));
        }
    }
    turns
}

fn row(load: &'static str, app: &App, turns: &[Outcome]) -> Row {
    let median =
        |of: &dyn Fn(&Outcome) -> f64| rounds::median(&turns.iter().map(of).collect::<Vec<_>>());
    let row = Row {
        load,
        contender: app.name,
        due: median(&|turn| turn.due as f64 / turn.seconds_due),
        answered: median(&Outcome::answered_a_second),
        p50: median(&|turn| turn.microseconds(0.5)),
        p99: median(&|turn| turn.microseconds(0.99)),
        p999: median(&|turn| turn.microseconds(0.999)),
    };
    let Row {
        due,
        answered,
        p50,
        p99,
        p999,
        contender,
        ..
    } = &row;
    eprintln!(
        "{load}: {due:.0}/s due, {answered:.0}/s answered, p50 {p50:.0}, p99 {p99:.0}, p99.9 {p999:.0} us  {contender}"
    );
    row
}

fn turn() -> Duration {
    Duration::from_millis(if is_trial() { 200 } else { 3_000 })
}

/// What a load was answered.
struct Outcome {
    due: usize,
    /// While requests became due, and until the last one was answered.
    seconds_due: f64,
    seconds: f64,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Outcome {
    fn answered_a_second(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }

    /// So long took at most this share of the requests.
    fn microseconds(&self, share: f64) -> f64 {
        let last = self.latencies.len() - 1;
        let latency = self.latencies[(last as f64 * share).round() as usize];
        latency.as_secs_f64() * 1e6
    }
}

/// Requests that are due and not yet sent. Each permit is one of them.
struct Due {
    moments: RefCell<VecDeque<Instant>>,
    waiting: Semaphore,
    latencies: RefCell<Vec<Duration>>,
}

fn run(server: SocketAddr, request: &Rc<[u8]>, rate: f64) -> Outcome {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let due = Rc::new(Due {
        moments: RefCell::default(),
        waiting: Semaphore::new(0),
        latencies: RefCell::default(),
    });
    LocalSet::new().block_on(&runtime, async {
        for _ in 0..CONNECTIONS {
            let mut connection = TcpStream::connect(server).await.unwrap();
            connection.set_nodelay(true).unwrap();
            let (due, request) = (Rc::clone(&due), Rc::clone(request));
            tokio::task::spawn_local(async move {
                loop {
                    due.answer_next(&mut connection, &request).await;
                }
            });
        }
        let start = Instant::now();
        let count = due.schedule(start, rate).await;
        let seconds_due = start.elapsed().as_secs_f64();
        due.drain(start, count).await;
        let seconds = start.elapsed().as_secs_f64();
        let mut latencies = due.latencies.take();
        latencies.sort();
        Outcome {
            due: count,
            seconds_due,
            seconds,
            latencies,
        }
    })
}

impl Due {
    /// Random moments, which have no memory: the intervals are distributed exponentially. It spins, because a
    /// timer of tokio is only exact to a millisecond. Returns how many requests were due.
    async fn schedule(&self, start: Instant, rate: f64) -> usize {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut next, mut count) = (start, 0);
        while start.elapsed() < turn() {
            let now = Instant::now();
            if rate.is_infinite() {
                let missing = CONNECTIONS.saturating_sub(self.waiting.available_permits());
                (0..missing).for_each(|_| self.add(now));
                count += missing;
            }
            while rate.is_finite() && next <= now {
                self.add(next);
                count += 1;
                next += Duration::from_secs_f64(-(1.0 - random.f64()).ln() / rate);
            }
            yield_now().await;
        }
        count
    }

    /// Waits for the answers, but not for ever: a server that is overloaded has many left.
    async fn drain(&self, start: Instant, count: usize) {
        while self.latencies.borrow().len() < count && start.elapsed() < 2 * turn() {
            yield_now().await;
        }
    }

    fn add(&self, moment: Instant) {
        self.moments.borrow_mut().push_back(moment);
        self.waiting.add_permits(1);
    }

    async fn answer_next(&self, connection: &mut TcpStream, request: &[u8]) {
        self.waiting.acquire().await.unwrap().forget();
        let moment = self.moments.borrow_mut().pop_front().unwrap();
        connection.write_all(request).await.unwrap();
        let mut answer = Vec::with_capacity(1024);
        while !answer.ends_with(b"\r\n\r\n") {
            let count = connection.read_buf(&mut answer).await.unwrap();
            assert!(count > 0, "the server hung up");
        }
        assert!(answer.starts_with(b"HTTP/1.1 204"), "refused");
        self.latencies.borrow_mut().push(moment.elapsed());
    }
}
