//! One attempt of one event.

use std::{future::poll_fn, sync::Arc};

use clerk_webhooks::{
    RawClerkEvent, WebhookError,
    queue::{QueuedEvent, RetryDecision},
};
use tokio::{task::JoinSet, time::timeout};
use tracing::{Instrument as _, Span, debug, error, error_span, warn};

use super::{
    dead_letter::DeadLetter,
    lease::{End, Outcome},
    leases::{Job, Leases},
    settings::{Handler, Settings},
};
use crate::engine::Engine;

/// The longest error text that is stored, in characters.
const LONGEST_ERROR: usize = 2000;

/// A job, with the fields of its log lines.
pub(super) struct Run<DB: Engine> {
    job: Job,
    event_type: Option<String>,
    leases: Arc<Leases<DB>>,
    settings: Settings,
}

/// Adds the fields that every log line of an attempt has.
macro_rules! log {
    ($level:ident, $run:expr, $($rest:tt)*) => {{
        let lease = &$run.job.lease;
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
    pub(super) fn new(job: Job, leases: Arc<Leases<DB>>, settings: Settings) -> Self {
        Self {
            job,
            event_type: None,
            leases,
            settings,
        }
    }

    /// Runs the event, and records how the run ended.
    pub(super) async fn run(mut self, service: impl Handler) {
        // Without an outcome the runtime is shutting down.
        let Some(outcome) = self.outcome(service).await else {
            return;
        };
        let lease = &self.job.lease;
        if lease.was_ended_in_a_transaction() {
            self.after_transaction(outcome).await;
        } else {
            self.end(outcome).await;
        }
    }

    /// The row decides whether the event is done, not the handler's result.
    async fn after_transaction(&self, outcome: Outcome) {
        match self.leases.is_completed(&self.job.lease).await {
            Some(true) => {
                self.leases.forget(&self.job.lease);
                if let Outcome::Again { error, .. } | Outcome::Dead { error, .. } = outcome {
                    let text = "the handler failed after it completed the event: the event is done";
                    log!(warn, self, error, "{text}");
                } else {
                    log!(debug, self, "processed");
                }
            }
            Some(false) if outcome == Outcome::Done => {
                let error = "the transaction that completed the event was not committed";
                self.end(self.failed(error)).await;
            }
            Some(false) => self.end(outcome).await,
            None => self.report_unrecorded(),
        }
    }

    async fn end(&self, outcome: Outcome) {
        let end = End {
            lease: Arc::clone(&self.job.lease),
            outcome,
        };
        match self.leases.end(&end).await {
            Some(true) => self.report(&end),
            Some(false) => {
                log!(
                    warn,
                    self,
                    "the lease was lost while the event ran: another worker has it"
                );
            }
            None => self.report_unrecorded(),
        }
    }

    /// `None` when the run was aborted.
    async fn outcome(&mut self, service: impl Handler) -> Option<Outcome> {
        let (attempts, crashes) = (self.job.lease.attempt - 1, self.job.crashes);
        if crashes >= self.settings.max_crashes {
            let error = format!("it crashed its worker {crashes} times");
            return Some(Outcome::Dead { attempts, error });
        }
        if attempts >= i64::from(self.settings.retry_policy.max_attempts()) {
            let error = format!("no attempt is left after {attempts}, the last of which crashed");
            return Some(Outcome::Dead { attempts, error });
        }
        let event: QueuedEvent = match serde_json::from_str(&self.job.body) {
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
            .with_extension(Arc::clone(&self.job.lease));
        let span = self.span();
        let (policy, attempt) = (self.settings.retry_policy.clone(), self.attempt());
        let handling = async move {
            let error = match call(service, event).await {
                Ok(()) => return Outcome::Done,
                Err(error) => error,
            };
            let decision = policy.after(attempt, &*error);
            failed(attempt, decision, &WebhookError::retry(error).to_string())
        };
        let mut task = JoinSet::new();
        task.spawn(handling.instrument(span));
        match timeout(self.settings.longest_run, task.join_next()).await {
            Ok(Some(Ok(outcome))) => Some(outcome),
            // The panic's text may have any content, so it is not stored. The panic hook has printed it.
            Ok(Some(Err(error))) if error.is_panic() => Some(self.failed("the handler panicked")),
            Ok(Some(Err(_)) | None) => None,
            Err(_) => {
                let limit = self.settings.longest_run;
                Some(self.failed(&format!("the handler was aborted after {limit:?}")))
            }
        }
    }

    /// A span of level `error` is enabled at every level, so that all log lines of the handler have the message id.
    fn span(&self) -> Span {
        let lease = &self.job.lease;
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
        let decision = self.settings.retry_policy.after_a_failure(attempt);
        failed(attempt, decision, error)
    }

    fn attempt(&self) -> u32 {
        self.job.lease.attempt.try_into().unwrap_or(u32::MAX)
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
                let lease = &self.job.lease;
                (self.settings.on_dead_letter)(&DeadLetter::now(
                    (lease.message_id.clone(), *attempts, self.job.crashes),
                    error.clone(),
                    self.job.body.clone(),
                ));
            }
        }
    }

    fn report_unrecorded(&self) {
        log!(
            error,
            self,
            "how the attempt ended could not be recorded: it counts as a crash, and the event runs again"
        );
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
