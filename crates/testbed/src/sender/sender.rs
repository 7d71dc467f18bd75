//! The sender: configuration, and a run.

use std::{net::SocketAddr, ops::ControlFlow, sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::{sync::Semaphore, task::JoinSet, time::Instant};

use super::{
    Attempt, Endpoint, InFlight, Message, Outcome, Redelivery, Report, Schedule, Verdict,
    attempt::Way, exchange::Wire, run::Run,
};

/// How far apart the first attempts of a message are, at most.
const BETWEEN_ENDPOINTS: Duration = Duration::from_millis(2);

/// Delivers messages as Svix does; see [the module](super).
#[derive(Debug, Clone)]
#[must_use = "a sender does nothing until it delivers"]
pub struct Sender {
    seed: u64,
    targets: Vec<SocketAddr>,
    endpoints: Vec<Endpoint>,
    schedule: Schedule,
    redelivery: Redelivery,
    spread: Duration,
    time_limit: Duration,
    honours_abort: bool,
    permits: Arc<Semaphore>,
    wire: Wire,
}

impl Sender {
    /// A sender of messages to one endpoint at one server.
    pub fn new(seed: u64, target: SocketAddr, endpoint: Endpoint) -> Self {
        Self {
            seed,
            targets: vec![target],
            endpoints: vec![endpoint],
            schedule: Schedule::default(),
            redelivery: Redelivery::never(),
            spread: Duration::ZERO,
            time_limit: Duration::from_secs(15),
            honours_abort: true,
            permits: Arc::new(Semaphore::new(16)),
            wire: Wire::default(),
        }
    }

    /// Adds a server: each request goes to a random one, as behind a load balancer.
    pub fn with_target(mut self, target: SocketAddr) -> Self {
        self.targets.push(target);
        self
    }

    /// Adds an endpoint: each message goes to all endpoints at the same time.
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// When failed attempts are repeated. Default: Svix' own schedule, a thousand times faster.
    pub fn with_schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// How often messages that were already delivered are delivered again. Default: never.
    pub fn with_redelivery(mut self, redelivery: Redelivery) -> Self {
        self.redelivery = redelivery;
        self
    }

    /// Each message starts at a random time within this, so that they come in random order and a run
    /// lasts as long as there is something to kill. Default: all at once.
    pub fn with_spread(mut self, spread: Duration) -> Self {
        self.spread = spread;
        self
    }

    /// How long a request may take until the head of its answer arrives. Default: 15 s.
    pub fn with_time_limit(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// How many attempts are under way at once, at most. Default: 16.
    pub fn with_concurrency(mut self, concurrency: usize) -> Self {
        self.permits = Arc::new(Semaphore::new(concurrency));
        self
    }

    /// Retries even after `webhook-delivery: abort-message`, like the open-source server.
    pub fn ignoring_abort(mut self) -> Self {
        self.honours_abort = false;
        self
    }

    /// The requests in flight while this sender or a clone of it delivers.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        self.wire.in_flight.clone()
    }

    /// Delivers all messages to all endpoints. Returns when every delivery has ended.
    pub async fn deliver(&self, messages: Vec<Message>) -> Report {
        let sender = Arc::new(self.clone());
        let (mut rng, now) = (Rng::with_seed(self.seed), Instant::now());
        let mut running = JoinSet::new();
        for message in messages {
            let start = now + self.spread.mul_f64(rng.f64());
            for endpoint in 0..self.endpoints.len() {
                let (sender, message) = (sender.clone(), message.clone());
                let start = start + BETWEEN_ENDPOINTS.mul_f64(rng.f64());
                let run = Run::new(sender, message, endpoint, rng.fork());
                running.spawn(run.deliver(start));
            }
        }
        Report {
            seed: self.seed,
            deliveries: running.join_all().await.into_iter().flatten().collect(),
        }
    }

    /// Makes one attempt for the first endpoint, whether it succeeds or fails.
    pub async fn attempt(&self, message: &Message) -> Attempt {
        self.attempt_at(0, message, &mut Rng::new()).await
    }

    pub(super) async fn attempt_at(
        &self,
        endpoint: usize,
        message: &Message,
        rng: &mut Rng,
    ) -> Attempt {
        let way = Way {
            wire: &self.wire,
            targets: &self.targets,
            time_limit: self.time_limit,
        };
        // It is never closed, which is the only error.
        let _permit = self.permits.acquire().await;
        way.attempt(message, &self.endpoints[endpoint], rng).await
    }

    /// What comes after the attempt `number` (from 1): another one after a delay, or none.
    pub(super) fn next(
        &self,
        number: usize,
        outcome: &Outcome,
        rng: &mut Rng,
    ) -> ControlFlow<Verdict, Duration> {
        if outcome.is_success() {
            return ControlFlow::Break(Verdict::Delivered);
        }
        if self.honours_abort && outcome.aborts() {
            return ControlFlow::Break(Verdict::Aborted);
        }
        match self.schedule.delay(number, outcome, rng) {
            Some(delay) => ControlFlow::Continue(delay),
            None => ControlFlow::Break(Verdict::Exhausted),
        }
    }

    pub(super) fn redelivery(&self) -> &Redelivery {
        &self.redelivery
    }
}
