//! One attempt of one event.

use std::{
    future::poll_fn,
    sync::{Arc, atomic::Ordering},
    time::SystemTime,
};

use clerk_webhooks::{
    RawClerkEvent, WebhookError,
    queue::{Handler, QueuedEvent, RetryDecision},
};
use tokio::{task::JoinSet, time::timeout};
use tracing::{Instrument as _, Span, debug, error, error_span, warn};

use super::{
    dead_letter::DeadLetter,
    lease::{End, Lease, Outcome},
    leases::Leases,
};
use crate::engine::Engine;

/// The longest error text that is stored, in characters.
const LONGEST_ERROR: usize = 2000;

/// A leased event, with the fields of its log lines.
pub(super) struct Run<DB: Engine> {
    lease: Arc<Lease>,
    event_type: Option<String>,
    leases: Arc<Leases<DB>>,
}

/// Adds the fields that every log line of an attempt has.
macro_rules! log {
    ($level:ident, $run:expr, $($rest:tt)*) => {{
        let lease = &$run.lease;
        $level!(
            target: "clerk_webhooks",
            queue = &*lease.queue,
            message_id = &*lease.message_id,
            event_type = $run.event_type.as_deref(),
            attempt = lease.attempt,
            $($rest)*
        )
    }};
}

impl<DB: Engine> Run<DB> {
    pub(super) fn new(lease: Arc<Lease>, leases: Arc<Leases<DB>>) -> Self {
        Self {
            lease,
            event_type: None,
            leases,
        }
    }

    /// Runs the event, and records how the run ended.
    pub(super) async fn run(mut self, service: impl Handler) {
        // Without an outcome the runtime is shutting down.
        let Some(outcome) = self.outcome(service).await else {
            return;
        };
        if self.record(outcome).await.is_none() {
            let text = "how the attempt ended could not be recorded: it counts as a crash, and the event \
                        runs again";
            log!(error, self, "{text}");
        }
    }

    /// `None` when the worker stops and the database does not answer.
    async fn record(&self, mut outcome: Outcome) -> Option<()> {
        let tried_to_complete = self.lease.in_transaction.load(Ordering::Relaxed);
        // The row decides whether the event is done, not the handler's result.
        if tried_to_complete && self.leases.is_completed(&self.lease).await? {
            self.leases.forget(&self.lease);
            if let Outcome::Again { error, .. } | Outcome::Dead { error, .. } = outcome {
                let text = "the handler failed after it completed the event: the event is done";
                log!(warn, self, error, "{text}");
            } else {
                log!(debug, self, "processed");
            }
            return Some(());
        }
        if tried_to_complete && outcome == Outcome::Done {
            outcome = self.failed("the transaction that completed the event was not committed");
        }
        let lease = Arc::clone(&self.lease);
        self.end(End { lease, outcome }).await
    }

    async fn end(&self, end: End) -> Option<()> {
        match self.leases.end(&end).await? {
            true => self.report(&end),
            false => {
                let text = "the lease was lost while the event ran: another worker has it";
                log!(warn, self, "{text}");
            }
        }
        Some(())
    }

    /// `None` when the run was aborted.
    async fn outcome(&mut self, service: impl Handler) -> Option<Outcome> {
        let (attempts, crashes) = (self.lease.attempt - 1, self.lease.crashes);
        if crashes >= self.leases.settings.max_crashes {
            let error = format!("it crashed its worker {crashes} times");
            return Some(Outcome::Dead { attempts, error });
        }
        if attempts >= i64::from(self.leases.settings.retry_policy.max_attempts()) {
            let error = format!("no attempt is left after {attempts}, the last of which crashed");
            return Some(Outcome::Dead { attempts, error });
        }
        let event: QueuedEvent = match serde_json::from_str(&self.lease.body) {
            Ok(event) => event,
            // serde's own text is left out, since it quotes values of the payload.
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let error =
                    format!("the stored row is not a queued event: line {line}, column {column}");
                return Some(Outcome::Dead { attempts, error });
            }
        };
        let raw = event.decode::<RawClerkEvent>().ok();
        self.event_type = raw.map(|event| event.event_type.as_str().to_owned());
        self.handle(event, service).await
    }

    /// Runs the handler in its own task, so that a panic is a failed attempt. The task is aborted when this future is
    /// dropped.
    async fn handle(&self, event: QueuedEvent, service: impl Handler) -> Option<Outcome> {
        let event = event
            .with_attempt(self.attempt())
            .with_extension(Arc::clone(&self.lease));
        let (policy, attempt) = (self.leases.settings.retry_policy.clone(), self.attempt());
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
        match timeout(self.leases.settings.longest_run, task.join_next()).await {
            Ok(Some(Ok(outcome))) => Some(outcome),
            // The panic's text may have any content, so it is not stored. The panic hook has printed it.
            Ok(Some(Err(error))) if error.is_panic() => Some(self.failed("the handler panicked")),
            Ok(Some(Err(_)) | None) => None,
            Err(_) => {
                let limit = self.leases.settings.longest_run;
                Some(self.failed(&format!("the handler was aborted after {limit:?}")))
            }
        }
    }

    /// A span of level `error` is enabled at every level, so that all log lines of the handler have the message id.
    fn span(&self) -> Span {
        let lease = &self.lease;
        error_span!(
            target: "clerk_webhooks",
            "event",
            queue = &*lease.queue,
            message_id = &*lease.message_id,
            event_type = self.event_type.as_deref(),
            attempt = lease.attempt,
        )
    }

    fn failed(&self, error: &str) -> Outcome {
        let attempt = self.attempt();
        let decision = self.leases.settings.retry_policy.after_a_failure(attempt);
        failed(attempt, decision, error)
    }

    fn attempt(&self) -> u32 {
        self.lease.attempt.try_into().unwrap_or(u32::MAX)
    }

    fn report(&self, end: &End) {
        match &end.outcome {
            Outcome::Done => log!(debug, self, "processed"),
            Outcome::Again { pause, error } => {
                let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                log!(warn, self, pause_ms, error, "failed, runs again");
            }
            Outcome::Dead { attempts, error } => {
                log!(error, self, error, "dead-lettered");
                let lease = &self.lease;
                (self.leases.settings.on_dead_letter)(&DeadLetter {
                    message_id: lease.message_id.clone(),
                    attempts: (*attempts).try_into().unwrap_or(u32::MAX),
                    crashes: lease.crashes.try_into().unwrap_or(u32::MAX),
                    error: error.clone(),
                    died_at: SystemTime::now(),
                    stored: lease.body.clone(),
                });
            }
        }
    }
}

async fn call<S: Handler>(
    mut service: S,
    event: QueuedEvent,
) -> Result<(), clerk_webhooks::BoxError> {
    let ready = poll_fn(|context| service.poll_ready(context)).await;
    ready.map_err(Into::into)?;
    service.call(event).await.map_err(Into::into)
}

fn failed(attempt: u32, decision: RetryDecision, error: &str) -> Outcome {
    let error = error.chars().take(LONGEST_ERROR).collect();
    match decision {
        RetryDecision::Retry(pause) => Outcome::Again { pause, error },
        RetryDecision::DeadLetter => Outcome::Dead {
            attempts: attempt.into(),
            error,
        },
    }
}
