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

pub(crate) struct App<D> {
    pub(crate) ledger: Ledger,
    pub(crate) folder: PathBuf,
    pub(crate) database: D,
}

/// Where a handler has its effect, and completes its event in the same transaction.
pub(crate) trait Database: Send + Sync + Sized + 'static {
    fn complete(
        context: &EventContext<Arc<App<Self>>>,
        failure: Option<Failure>,
    ) -> impl Future<Output = Result<(), WebhookError>> + Send;
}

/// Beside a queue on NATS.
pub(crate) struct NoDatabase;

pub(crate) async fn on_event<D: Database>(
    event: Event,
    context: EventContext<Arc<App<D>>>,
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
        true => D::complete(&context, failure).await,
        false => Ok(()),
    };
    let what = outcome.as_ref().map_or(What::Failed, |()| What::Ended);
    app.ledger.note(message_id, what)?;
    outcome
}

impl<DB: Effects> Database for Pool<DB> {
    async fn complete(
        context: &EventContext<Arc<App<Self>>>,
        failure: Option<Failure>,
    ) -> Result<(), WebhookError> {
        let (app, message_id) = (context.state(), context.message_id());
        let mut transaction = effects::begin(&app.database).await?;
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
}

impl Database for NoDatabase {
    async fn complete(
        _: &EventContext<Arc<App<Self>>>,
        _: Option<Failure>,
    ) -> Result<(), WebhookError> {
        Err(WebhookError::permanent("there is no database"))
    }
}
