//! The handler: works, and fails as it is told.

use std::{path::PathBuf, process, sync::Arc, time::Duration};

use clerk_webhooks::{WebhookError, queue::EventContext};
use clerk_webhooks_sqlx::queue::Complete as _;
use clerk_webhooks_testbed::{
    effects::{self, Effects},
    job::{Event, Failure},
    ledger::{Ledger, What},
};
use sqlx::Pool;
use tokio::time::sleep;

/// How long a handler stays in its transaction, before and after it completes the event. Nobody else can write to a
/// SQLite file then.
const IN_TRANSACTION: Duration = Duration::from_millis(5);

pub(crate) struct App<DB: Effects> {
    pub(crate) ledger: Ledger,
    pub(crate) folder: PathBuf,
    pub(crate) pool: Pool<DB>,
}

pub(crate) async fn on_event<DB: Effects>(
    event: Event,
    context: EventContext<Arc<App<DB>>>,
) -> Result<(), WebhookError> {
    let (app, message_id, job) = (context.state(), context.message_id(), event.data);
    let attempt = context.attempt();
    app.ledger.note(message_id, What::Began { attempt })?;
    sleep(job.work / 2).await;
    let failure = job.next_failure(&app.folder, message_id)?;
    let is_at_commit = matches!(
        failure,
        Some(Failure::AbortBeforeCommit | Failure::AbortAfterCommit)
    );
    if let Some(failure) = failure.filter(|_| !is_at_commit) {
        app.ledger.note(message_id, What::Failed)?;
        return Err(failure.happen());
    }
    sleep(job.work / 2).await;
    let outcome = match job.in_database {
        true => complete(&context, failure).await,
        false => Ok(()),
    };
    let what = outcome.as_ref().map_or(What::Failed, |()| What::Ended);
    app.ledger.note(message_id, what)?;
    outcome
}

/// The effect and the event's end, in one transaction.
async fn complete<DB: Effects>(
    context: &EventContext<Arc<App<DB>>>,
    failure: Option<Failure>,
) -> Result<(), WebhookError> {
    let (app, message_id) = (context.state(), context.message_id());
    let mut transaction = effects::begin(&app.pool).await?;
    app.ledger.note(message_id, What::Effect)?;
    DB::insert(&mut transaction, message_id).await?;
    sleep(IN_TRANSACTION).await;
    context.complete(&mut transaction).await?;
    if failure == Some(Failure::AbortBeforeCommit) {
        process::abort();
    }
    sleep(IN_TRANSACTION).await;
    transaction.commit().await?;
    if failure == Some(Failure::AbortAfterCommit) {
        process::abort();
    }
    Ok(())
}
