//! The queues that the program can use. Everything else is the same for each.

use std::{error::Error, sync::Arc, time::Duration};

use clerk_webhooks::{
    WebhookError,
    queue::{EventContext, EventHandler, EventQueue},
};
use clerk_webhooks_sqlx::{inbox, queue::Complete as _};
use sqlx::{Sqlite, Transaction};

use crate::{App, credits::Credits, on_event};

pub(crate) trait Engine: EventQueue<Error: Error + 'static> + Clone {
    /// Where the credits are.
    type DB: Credits;

    /// Ends the event in the transaction of its effects: both are committed, or neither is. Returns whether the effects are
    /// still to be made.
    fn end_with(
        transaction: &mut Transaction<'_, Self::DB>,
        context: &EventContext<Arc<App<Self>>>,
    ) -> impl Future<Output = Result<bool, WebhookError>> + Send;

    /// Runs a worker until `stop` is ready.
    fn work(
        &self,
        app: Arc<App<Self>>,
        lease: Duration,
        stop: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = ()> + Send;

    /// Whether the queue can be reached.
    fn answers(&self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// How many events wait or run.
    async fn unfinished(&self) -> Result<u64, Box<dyn Error>>;

    /// The message ids and errors of some dead letters.
    async fn dead(&self) -> Result<Vec<(String, String)>, Box<dyn Error>>;
}

/// The queues have methods of the same names.
macro_rules! engine {
    ([$($parameter:ident: $bound:ident)?] $queue:ty, $database:ty, $end_with:expr) => {
        impl$(<$parameter: $bound>)? Engine for $queue {
            type DB = $database;

            async fn end_with(
                transaction: &mut Transaction<'_, Self::DB>,
                context: &EventContext<Arc<App<Self>>>,
            ) -> Result<bool, WebhookError> {
                $end_with(transaction, context).await
            }

            async fn work(
                &self,
                app: Arc<App<Self>>,
                lease: Duration,
                stop: impl Future<Output = ()> + Send,
            ) {
                let handler = EventHandler::new(app, on_event::<Self>);
                let worker = self.worker(handler).with_lease(lease).on_dead_letter(|letter| {
                    println!("dead {} after {}", letter.message_id, letter.attempts);
                });
                worker.run_until(stop).await;
            }

            async fn answers(&self) -> Result<(), Self::Error> {
                self.count_dead().await.map(drop)
            }

            async fn unfinished(&self) -> Result<u64, Box<dyn Error>> {
                let counts = self.counts().await?;
                Ok(counts.waiting + counts.running)
            }

            async fn dead(&self) -> Result<Vec<(String, String)>, Box<dyn Error>> {
                let letters = self.dead_letters(None, 10).await?;
                let texts = letters.iter().map(|letter| {
                    (letter.message_id.clone(), letter.error.clone())
                });
                Ok(texts.collect())
            }
        }
    };
}

// The credits are in the queue's own database: the queue itself ends the event there.
engine!(
    [DB: Credits] clerk_webhooks_sqlx::queue::Queue<DB>,
    DB,
    async |transaction: &mut Transaction<'_, DB>, context: &EventContext<_>| {
        context.complete(transaction).await?;
        Ok(true)
    }
);
// NATS has no transaction: an inbox beside the credits remembers the message.
engine!(
    [] clerk_webhooks_nats::queue::Queue,
    Sqlite,
    async |transaction: &mut Transaction<'_, Sqlite>, context: &EventContext<_>| {
        Ok(inbox::first_time(transaction, "credits", context.message_id()).await?)
    }
);
