//! One run of one event.

use std::sync::Arc;

use clerk_webhooks::queue::{QueuedEvent, RetryDecision, RetryPolicy};
use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};
use tower::{BoxError, ServiceExt as _};
use tracing::{debug, error, warn};

use super::{Handler, Settings, registration::Registration};
use crate::{
    dead_letter::DeadLetter,
    engine::{Ended, Engine, Job},
    error::chain,
};

/// Runs it, and records how that ended. The permit is free afterwards.
pub(super) async fn run<E: Engine, S: Handler>(
    job: Job,
    service: S,
    settings: Settings,
    registration: Arc<Registration<E>>,
    permit: Option<OwnedSemaphorePermit>,
) {
    // Otherwise the process is ending.
    let Some((runs, ended)) = end_of(&job, service, &settings.retry_policy).await else {
        return;
    };
    match registration.end(&job, runs, &ended).await {
        Some(true) => report(&job, runs, &ended, &settings),
        Some(false) => warn!(
            target: "clerk_webhooks",
            message_id = job.message_id,
            "this worker was taken for dead while it ran the event: another one runs it again",
        ),
        None => error!(
            target: "clerk_webhooks",
            message_id = job.message_id,
            "how the run ended could not be recorded: it is taken for a crash, and runs again",
        ),
    }
    drop(permit);
}

/// How many runs there were, and how the last one ended; nothing when it was cut off.
async fn end_of<S: Handler>(job: &Job, service: S, policy: &RetryPolicy) -> Option<(u32, Ended)> {
    let begun = job.lease.runs;
    if policy.max_attempts() <= begun {
        let error = format!(
            "no attempt is left after {begun}: the last was cut off, its process or the engine having gone \
             down, or the policy has been made to allow fewer since"
        );
        return Some((begun, Ended::Dead { error }));
    }
    let event: QueuedEvent = match serde_json::from_slice(&job.stored) {
        Ok(event) => event,
        Err(error) => return Some((begun, undecodable(&error))),
    };
    let attempt = begun.saturating_add(1);
    let ended = attempt_of(event.with_attempt(attempt), service, policy).await?;
    Some((attempt, ended))
}

/// In a task of its own, whose panic is an answer; it ends with this one.
async fn attempt_of<S: Handler>(
    event: QueuedEvent,
    service: S,
    policy: &RetryPolicy,
) -> Option<Ended> {
    let (attempt, its_policy) = (event.attempt(), policy.clone());
    let mut task = JoinSet::new();
    task.spawn(async move {
        match service.oneshot(event).await {
            Ok(()) => Ended::Done,
            Err(error) => {
                let error: BoxError = error.into();
                failed(its_policy.after(attempt, &*error), chain(&*error))
            }
        }
    });
    match task.join_next().await? {
        Ok(ended) => Some(ended),
        // The panic's own text, which may hold anything, has gone where panics go.
        Err(error) if error.is_panic() => {
            let error = "the handler panicked".to_owned();
            Some(failed(policy.after_a_failure(attempt), error))
        }
        Err(_) => None,
    }
}

fn failed(next: RetryDecision, error: String) -> Ended {
    match next {
        RetryDecision::Retry(pause) => Ended::Again { pause, error },
        RetryDecision::DeadLetter => Ended::Dead { error },
    }
}

/// Where it is wrong, without serde's own words, which quote values.
fn undecodable(error: &serde_json::Error) -> Ended {
    let (line, column) = (error.line(), error.column());
    let error = format!("the stored row is no queued event: line {line}, column {column}");
    Ended::Dead { error }
}

fn report(job: &Job, attempt: u32, ended: &Ended, settings: &Settings) {
    let message_id = &*job.message_id;
    match ended {
        Ended::Done => {
            debug!(target: "clerk_webhooks", message_id, attempt, "processed");
        }
        Ended::Again { pause, error } => {
            let pause = pause.as_secs();
            warn!(target: "clerk_webhooks", message_id, attempt, pause, error, "failed, runs again");
        }
        Ended::Dead { error } => {
            error!(target: "clerk_webhooks", message_id, attempt, error, "failed for good");
            (settings.on_dead_letter)(&DeadLetter::of(job, attempt, error));
        }
    }
}
