//! One run of one event.

use std::{error::Error, sync::Arc};

use clerk_webhooks::queue::{QueuedEvent, RetryDecision};
use tokio::sync::OwnedSemaphorePermit;
use tower::{BoxError, ServiceExt as _};
use tracing::{debug, error, warn};

use super::{Handler, Orders, seat::Seat};
use crate::{
    dead_letter::DeadLetter,
    engine::{Ended, Engine, Job},
};

/// Runs it, and records how that ended. `hand` is free afterwards.
pub(super) async fn run<E: Engine, S: Handler>(
    job: Job,
    service: S,
    orders: Orders,
    seat: Arc<Seat<E>>,
    hand: Option<OwnedSemaphorePermit>,
) {
    let (runs, ended) = end_of(&job, service, &orders).await;
    match seat.end(&job, runs, &ended).await {
        Some(true) => report(&job, runs, &ended, &orders),
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
    drop(hand);
}

/// How many runs there were, and how the last one ended.
async fn end_of<S: Handler>(job: &Job, service: S, orders: &Orders) -> (u32, Ended) {
    let policy = &orders.retry_policy;
    // After a failure its note said "again": only a crash leads here with no attempt left.
    if job.lease.runs > 0 && policy.after_a_crash(job.lease.runs) == RetryDecision::DeadLetter {
        let error = format!(
            "the process died in attempt {}, the last one",
            job.lease.runs
        );
        return (job.lease.runs, Ended::Dead { error });
    }
    let event: QueuedEvent = match serde_json::from_slice(&job.stored) {
        Ok(event) => event,
        Err(error) => return (job.lease.runs, undecodable(&error)),
    };
    let attempt = job.lease.runs.saturating_add(1);
    // A task of its own: its panic is an answer.
    let running = tokio::spawn(async move {
        let answer = service.oneshot(event.with_attempt(attempt)).await;
        answer.map_err(Into::into)
    });
    let ended = match running.await {
        Ok(Ok(())) => Ended::Done,
        Ok(Err(error)) => failed(policy.after(attempt, &*error), chain(&error)),
        // The panic's own text, which may hold anything, has gone where panics go.
        Err(_) => failed(
            policy.after_a_failure(attempt),
            "the handler panicked".to_owned(),
        ),
    };
    (attempt, ended)
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

/// What is recorded of an error.
const LONGEST_ERROR: usize = 2000;

fn chain(error: &BoxError) -> String {
    let first: &(dyn Error + 'static) = &**error;
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(first);
    while let Some(error) = next {
        let text = error.to_string();
        // A transparent wrapper says the same as what it wraps.
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        next = error.source();
    }
    let characters = texts.join(": ");
    // Postgres' JSON has no place for NUL.
    let characters = characters
        .chars()
        .map(|c| if c == '\0' { '\u{fffd}' } else { c });
    characters.take(LONGEST_ERROR).collect()
}

fn report(job: &Job, attempt: u32, ended: &Ended, orders: &Orders) {
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
            (orders.on_dead_letter)(&DeadLetter::of(job, attempt, error));
        }
    }
}
