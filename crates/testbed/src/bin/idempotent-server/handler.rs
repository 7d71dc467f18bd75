//! The handler: works, fails as it is told, has its effects.

use std::{
    fs::File,
    io::{self, ErrorKind},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::{extract::State, http::StatusCode};
use clerk_webhooks::{VerifiedClerkEvent, WebhookError};
use clerk_webhooks_testbed::{
    job::{Failure, Job},
    ledger::{Ledger, What},
};
use serde::Deserialize;
use tokio::time::sleep;

use crate::effects::Effects;

pub(crate) struct App {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) effects: Effects,
    pub(crate) folder: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Event {
    data: Job,
}

pub(crate) async fn on_event(
    State(app): State<Arc<App>>,
    event: VerifiedClerkEvent<Event>,
) -> Result<StatusCode, WebhookError> {
    let (message_id, job) = (event.message_id(), &event.data);
    app.ledger.note(message_id, What::Started)?;
    sleep(job.work / 2).await;
    if let Some(failure) = app.next_failure(message_id, &job.failures)? {
        app.ledger.note(message_id, What::Failed)?;
        return fail(failure);
    }
    if job.waits {
        app.told_to_go(message_id).await;
    }
    app.ledger.note(message_id, What::Effect)?;
    sleep(job.work / 2).await;
    if job.inbox {
        app.effects.insert_once(message_id).await?;
    }
    app.ledger.note(message_id, What::Ended)?;
    Ok(StatusCode::NO_CONTENT)
}

fn fail(failure: Failure) -> Result<StatusCode, WebhookError> {
    match failure {
        Failure::Error => Err(WebhookError::retry("as it was told to")),
        Failure::Panic => panic!("as it was told to"),
    }
}

impl App {
    async fn told_to_go(&self, message_id: &str) {
        let go = self.folder.join(format!("{message_id}.go"));
        while !go.exists() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The first failure that no run in any process has taken yet.
    fn next_failure(&self, message_id: &str, failures: &[Failure]) -> io::Result<Option<Failure>> {
        for (number, failure) in failures.iter().enumerate() {
            // Making a file is atomic, and outlives us.
            let taken = File::create_new(self.folder.join(format!("{message_id}.{number}")));
            match taken {
                Ok(_) => return Ok(Some(*failure)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
