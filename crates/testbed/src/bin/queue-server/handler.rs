//! The handler: works, and fails as it is told.

use std::{path::PathBuf, sync::Arc};

use clerk_webhooks::{WebhookError, queue::EventContext};
use clerk_webhooks_testbed::{
    job::Event,
    ledger::{Ledger, What},
};
use tokio::time::sleep;

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) folder: PathBuf,
}

pub(crate) async fn on_event(event: Event, context: EventContext<App>) -> Result<(), WebhookError> {
    let (app, message_id, job) = (context.state(), context.message_id(), event.data);
    let attempt = context.attempt();
    app.ledger.note(message_id, What::Began { attempt })?;
    sleep(job.work / 2).await;
    if let Some(failure) = job.next_failure(&app.folder, message_id)? {
        app.ledger.note(message_id, What::Failed)?;
        return Err(failure.happen());
    }
    sleep(job.work / 2).await;
    app.ledger.note(message_id, What::Ended)?;
    Ok(())
}
