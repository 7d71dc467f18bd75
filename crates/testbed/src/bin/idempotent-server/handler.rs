//! The handler: works, fails as it is told, has its effects.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode};
use clerk_webhooks::{VerifiedClerkEvent, WebhookError};
use clerk_webhooks_testbed::{
    job::Event,
    ledger::{Ledger, What},
};
use tokio::time::sleep;

use crate::effects::Effects;

pub(crate) struct App {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) effects: Effects,
    pub(crate) folder: PathBuf,
}

pub(crate) async fn on_event(
    State(app): State<Arc<App>>,
    event: VerifiedClerkEvent<Event>,
) -> Result<StatusCode, WebhookError> {
    let (message_id, job) = (event.message_id(), &event.data);
    app.ledger.note(message_id, What::Started)?;
    sleep(job.work / 2).await;
    if let Some(failure) = job.next_failure(&app.folder, message_id)? {
        app.ledger.note(message_id, What::Failed)?;
        return Err(failure.happen());
    }
    if job.waits {
        app.told_to_go(message_id).await;
    }
    app.ledger.note(message_id, What::Effect)?;
    sleep(job.work / 2).await;
    if job.in_database {
        app.effects.insert_once(message_id).await?;
    }
    app.ledger.note(message_id, What::Ended)?;
    Ok(StatusCode::NO_CONTENT)
}

impl App {
    async fn told_to_go(&self, message_id: &str) {
        let go = self.folder.join(format!("{message_id}.go"));
        while !go.exists() {
            sleep(Duration::from_millis(5)).await;
        }
    }
}
