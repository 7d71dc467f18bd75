//! One attempt of one event.

use std::{future::poll_fn, sync::Arc};

use clerk_webhooks::{
    BoxError, RawClerkEvent, WebhookError,
    queue::{Handler, QueuedEvent, RetryDecision},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{Duration, sleep, timeout},
};
use tracing::{Instrument as _, Span, debug, error, error_span, warn};

use super::{
    dead_letter::DeadLetter,
    delivery::Delivery,
    failures::Failures,
    leases::{Lease, Leases},
    outcome::Outcome,
    settings::Settings,
};

/// The longest error text that is stored, in characters.
const LONGEST_ERROR: usize = 2000;
/// An event that is due so soon waits in its worker.
const SOON: Duration = Duration::from_millis(100);
/// From so many crashes on, an event runs alone.
const ALONE: u32 = 2;

/// What the runs of a worker share.
pub(super) struct Shared {
    pub(super) leases: Leases,
    pub(super) settings: Settings,
    /// As many permits as events may run at the same time.
    pub(super) free: Arc<Semaphore>,
    /// The one permit of the event that runs alone, or waits until it can.
    pub(super) alone: Semaphore,
}

/// A delivery, with the fields of its log lines.
pub(super) struct Run {
    delivery: Arc<Delivery>,
    lease: Arc<Lease>,
    event_type: Option<String>,
    failures: Failures,
    shared: Arc<Shared>,
}

/// Adds the fields that every log line of an attempt has.
macro_rules! log {
    ($level:ident, $run:expr, $($rest:tt)*) => {{
        $level!(
            target: "clerk_webhooks",
            queue = $run.shared.leases.queue.name(),
            message_id = &*$run.delivery.message_id,
            event_type = $run.event_type.as_deref(),
            attempt = $run.attempt(),
            $($rest)*
        )
    }};
}

/// Runs the event of a delivery, and records how the run ended.
pub(super) async fn run(
    delivery: Delivery,
    service: impl Handler,
    shared: Arc<Shared>,
    permit: OwnedSemaphorePermit,
) {
    let lease = Arc::new(shared.leases.hold(&delivery));
    let delivery = Arc::new(delivery);
    let mut run = Run {
        failures: Failures::default().at(delivery.delivered),
        delivery: Arc::clone(&delivery),
        lease: Arc::clone(&lease),
        event_type: None,
        shared: Arc::clone(&shared),
    };
    tokio::select! {
        () = run.run(service) => {}
        () = shared.leases.keep(&delivery, &lease) => {}
    }
    shared.leases.forget(&delivery);
    drop(permit);
}

impl Run {
    async fn run(&mut self, service: impl Handler) {
        // Without an outcome the runtime is shutting down, or the server does not answer a worker that stops.
        if let Some(outcome) = self.outcome(service).await {
            self.end(outcome).await;
        }
    }

    /// `None` when the run was aborted.
    async fn outcome(&mut self, service: impl Handler) -> Option<Outcome> {
        self.read_failures().await?;
        let Failures {
            attempts, crashes, ..
        } = self.failures;
        if crashes > 0 {
            log!(
                warn,
                self,
                crashes,
                "got an event again: its worker crashed, or lost the server"
            );
        }
        match self.failures.due_in() {
            due_in if due_in > SOON || self.shared.leases.is_stopping() => {
                return Some(Outcome::Postponed(due_in));
            }
            due_in => sleep(due_in).await,
        }
        if crashes >= self.shared.settings.max_crashes {
            let error = format!("it crashed its worker {crashes} times");
            return Some(Outcome::Dead { attempts, error });
        }
        if attempts >= self.shared.settings.retry_policy.max_attempts() {
            let error = format!("no attempt is left after {attempts}, the last of which crashed");
            return Some(Outcome::Dead { attempts, error });
        }
        let event: QueuedEvent = match serde_json::from_slice(self.delivery.payload()) {
            Ok(event) => event,
            // serde's own text is left out, since it quotes values of the payload.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let error = format!(
                    "the stored message is not a queued event: line {line}, column {column}"
                );
                return Some(Outcome::Dead { attempts, error });
            }
        };
        if crashes >= ALONE {
            return self.run_alone(event, service).await;
        }
        self.handle(event, service).await
    }

    /// The first delivery of an event has no record, and costs no request.
    async fn read_failures(&mut self) -> Option<()> {
        let leases = &self.shared.leases;
        let (sequence, delivered) = (self.delivery.sequence, self.delivery.delivered);
        let known = match delivered {
            1 => Failures::default(),
            _ => {
                let asking = || leases.queue.failures_of(sequence);
                leases
                    .insist("read what became of an event", asking)
                    .await?
            }
        };
        let not_before = self.delivery.not_before;
        self.failures = known.at(delivered).with_not_before(not_before);
        Some(())
    }

    /// Runs an event that may crash the process. It starts when no other event runs in this worker, and no other starts
    /// before it has ended. While one waits for that, others like it go back to the server for a random time.
    async fn run_alone(&mut self, event: QueuedEvent, service: impl Handler) -> Option<Outcome> {
        let shared = Arc::clone(&self.shared);
        let elsewhere = Some(Outcome::Postponed(
            shared.settings.lease.mul_f64(fastrand::f64()),
        ));
        let Ok(_alone) = shared.alone.try_acquire() else {
            return elsewhere;
        };
        let others = shared.settings.concurrency.saturating_sub(1);
        let _others = shared.free.acquire_many(others).await.ok()?;
        if shared.leases.is_stopping() {
            return elsewhere;
        }
        self.handle(event, service).await
    }

    /// Runs the handler in its own task, so that a panic is a failed attempt. The task is aborted when this future is
    /// dropped.
    async fn handle(&mut self, event: QueuedEvent, service: impl Handler) -> Option<Outcome> {
        let raw = event.decode::<RawClerkEvent>().ok();
        self.event_type = raw.map(|event| event.event_type.as_str().to_owned());
        let event = event.with_attempt(self.attempt());
        let (policy, attempt) = (self.shared.settings.retry_policy.clone(), self.attempt());
        let handling = async move {
            let error = match call(service, event).await {
                Ok(()) => return Outcome::Done,
                Err(error) => error,
            };
            let decision = policy.after(attempt, &*error);
            failed(attempt, decision, &WebhookError::retry(error).to_string())
        };
        let mut task = JoinSet::new();
        task.spawn(handling.instrument(self.span()));
        match timeout(self.shared.settings.longest_run, task.join_next()).await {
            Ok(Some(Ok(outcome))) => Some(outcome),
            // The panic's text may have any content, so it is not stored. The panic hook has printed it.
            Ok(Some(Err(error))) if error.is_panic() => Some(self.failed("the handler panicked")),
            Ok(Some(Err(_)) | None) => None,
            Err(_) => {
                let limit = self.shared.settings.longest_run;
                Some(self.failed(&format!("the handler was aborted after {limit:?}")))
            }
        }
    }

    /// A span of level `error` is enabled at every level, so that all log lines of the handler have the message id.
    fn span(&self) -> Span {
        error_span!(
            target: "clerk_webhooks",
            "event",
            queue = self.shared.leases.queue.name(),
            message_id = &*self.delivery.message_id,
            event_type = self.event_type.as_deref(),
            attempt = self.attempt(),
        )
    }

    /// Records the outcome, however long the server cannot be reached.
    async fn end(&self, outcome: Outcome) {
        let ending = || self.end_once(&outcome);
        match self.shared.leases.insist(outcome.recording(), ending).await {
            Some(true) => self.report(&outcome).await,
            Some(false) => {
                log!(
                    warn,
                    self,
                    "the lease was lost while the event ran: another worker has it"
                );
            }
            None => log!(
                error,
                self,
                "how the attempt ended could not be recorded: it counts as a crash, and the event runs again"
            ),
        }
    }

    /// Returns whether the lease was still held. A success counts even if it was not: the event is done.
    async fn end_once(&self, outcome: &Outcome) -> Result<bool, BoxError> {
        let (queue, delivery) = (&self.shared.leases.queue, &self.delivery);
        let is_held = self.shared.leases.is_held(delivery, &self.lease);
        match outcome {
            Outcome::Done => delivery.acknowledge().await?,
            _ if !is_held => return Ok(false),
            Outcome::Again { pause, .. } => {
                self.give_back(self.failures.with_attempt(), *pause).await?;
            }
            Outcome::Postponed(pause) => self.give_back(self.failures, *pause).await?,
            Outcome::Dead { attempts, error } => {
                let letter = self.letter(*attempts, error);
                let (subject, body) = (
                    queue.dead_subject(&letter.message_id),
                    letter.stored.clone(),
                );
                let stored = queue.publish((&queue.dead, &subject), letter.headers(), body);
                stored.await?;
                delivery.acknowledge().await?;
            }
        }
        Ok(true)
    }

    async fn give_back(&self, failures: Failures, pause: Duration) -> Result<(), BoxError> {
        let (queue, delivery) = (&self.shared.leases.queue, &self.delivery);
        let failures = failures.with_pause(pause);
        queue.record_failures(delivery.sequence, failures).await?;
        delivery.give_back(pause).await
    }

    async fn report(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Done => log!(debug, self, "processed"),
            Outcome::Again { pause, error } => {
                let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                log!(warn, self, pause_ms, error, "failed, runs again");
            }
            Outcome::Postponed(pause) => log!(debug, self, "not due for {pause:?}"),
            Outcome::Dead { attempts, error } => {
                log!(error, self, error, "dead-lettered");
                (self.shared.settings.on_dead_letter)(&self.letter(*attempts, error));
            }
        }
        if let Outcome::Done | Outcome::Dead { .. } = outcome {
            self.forget_failures().await;
        }
    }

    /// What is left behind by an error here ends by its age.
    async fn forget_failures(&self) {
        let record = self.failures.record;
        if record == 0 {
            return;
        }
        let queue = &self.shared.leases.queue;
        if let Err(error) = queue.forget_failures(record).await {
            log!(debug, self, %error, "the record of its failures was not deleted");
        }
    }

    fn letter(&self, attempts: u32, error: &str) -> DeadLetter {
        let counts = (
            self.delivery.message_id.clone(),
            attempts,
            self.failures.crashes,
        );
        DeadLetter::now(counts, error.to_owned(), self.delivery.payload().clone())
    }

    fn failed(&self, error: &str) -> Outcome {
        let attempt = self.attempt();
        let decision = self.shared.settings.retry_policy.after_a_failure(attempt);
        failed(attempt, decision, error)
    }

    fn attempt(&self) -> u32 {
        self.failures.attempts.saturating_add(1)
    }
}

async fn call<S: Handler>(mut service: S, event: QueuedEvent) -> Result<(), BoxError> {
    let ready = poll_fn(|context| service.poll_ready(context)).await;
    ready.map_err(Into::into)?;
    service.call(event).await.map_err(Into::into)
}

fn failed(attempt: u32, decision: RetryDecision, error: &str) -> Outcome {
    let error = error.chars().take(LONGEST_ERROR).collect();
    match decision {
        RetryDecision::Retry(pause) => Outcome::Again { pause, error },
        RetryDecision::DeadLetter => Outcome::Dead {
            attempts: attempt,
            error,
        },
    }
}
