//! The handler: works, and fails as it is told.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clerk_webhooks::{WebhookError, queue::EventContext};
use clerk_webhooks_sqlx::queue::Complete as _;
use clerk_webhooks_testbed::{
    effects::{self, Effects},
    job::Event,
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
    if let Some(failure) = job.next_failure(&app.folder, message_id)? {
        app.ledger.note(message_id, What::Failed)?;
        return Err(failure.happen());
    }
    sleep(job.work / 2).await;
    let outcome = match job.in_database {
        true => D::complete(&context).await,
        false => Ok(()),
    };
    let what = outcome.as_ref().map_or(What::Failed, |()| What::Ended);
    app.ledger.note(message_id, what)?;
    outcome
}

impl<DB: Effects> Database for Pool<DB> {
    async fn complete(context: &EventContext<Arc<App<Self>>>) -> Result<(), WebhookError> {
        let (app, message_id) = (context.state(), context.message_id());
        let mut transaction = effects::begin(&app.database).await?;
        app.ledger.note(message_id, What::Effect)?;
        DB::insert(&mut transaction, message_id).await?;
        sleep(IN_TRANSACTION).await;
        context.complete(&mut transaction).await?;
        sleep(IN_TRANSACTION).await;
        Ok(transaction.commit().await?)
    }
}

impl Database for NoDatabase {
    async fn complete(_: &EventContext<Arc<App<Self>>>) -> Result<(), WebhookError> {
        Err(WebhookError::permanent("there is no database"))
    }
}
