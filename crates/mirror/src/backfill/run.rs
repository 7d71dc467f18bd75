//! [`Backfill`]: reads each list and applies its pages.

use std::{fmt, pin::Pin};

use serde_json::Value;
use tokio::sync::mpsc::{Receiver, channel};

use super::{error::BackfillError, progress::Progress};
use crate::{
    api::{
        ClerkApi,
        list::{List, lists_of},
        subscriptions,
        walk::{Batch, Place, Walk},
    },
    engine::Engine,
    mirror::Mirror,
    schema::tables::{SUBSCRIPTION_ITEMS, SUBSCRIPTIONS, USERS},
};

/// Pages that are read while another is applied.
const PAGES_AHEAD: usize = 2;

/// A backfill. It runs when it is awaited.
#[must_use = "a backfill runs when it is awaited"]
pub struct Backfill<'a, DB: Engine> {
    mirror: &'a Mirror<DB>,
    api: &'a ClerkApi,
    on_progress: Box<dyn FnMut(Progress) + Send + 'a>,
}

/// A page, and the subscriptions of the payers that it names.
struct Work {
    batch: Batch,
    subscriptions: Vec<Value>,
}

impl<DB: Engine> Mirror<DB> {
    /// Reads Clerk's objects into the tables. It goes on where the last backfill was interrupted.
    ///
    /// See [`backfill`](crate::backfill).
    pub fn backfill<'a>(&'a self, api: &'a ClerkApi) -> Backfill<'a, DB> {
        Backfill {
            mirror: self,
            api,
            on_progress: Box::new(|_| ()),
        }
    }
}

impl<'a, DB: Engine> Backfill<'a, DB> {
    /// Calls this after each page.
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example(
    /// #     mirror: clerk_webhooks_mirror::Mirror<sqlx::Sqlite>,
    /// #     api: clerk_webhooks_mirror::api::ClerkApi,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let backfill = mirror.backfill(&api).with_progress(|progress| {
    ///     println!("{}: {} of {:?}", progress.table, progress.done, progress.total);
    /// });
    /// backfill.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_progress(mut self, on_progress: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    async fn run(mut self) -> Result<(), BackfillError> {
        for list in lists_of(&self.mirror.settings) {
            self.read(list).await?;
        }
        Ok(self.mirror.forget_places().await?)
    }

    async fn read(&mut self, list: &'static List) -> Result<(), BackfillError> {
        let stored = self.mirror.place(list.table.name).await?;
        // A place that cannot be read is from another version: what is applied again changes nothing.
        let place: Place = stored
            .and_then(|place| serde_json::from_str(&place).ok())
            .unwrap_or_default();
        if place.is_end {
            return Ok(());
        }
        let total = match list.table.name == USERS.name {
            true => Some(self.api.user_count().await?),
            false => None,
        };
        let (send, receive) = channel(PAGES_AHEAD);
        let mut walk = Walk::new(self.api, list, place);
        let api = self.api;
        let read = async move {
            while let Some(batch) = walk.next().await? {
                let subscriptions = match list.table.name == SUBSCRIPTION_ITEMS.name {
                    true => subscriptions::of_items(api, &batch.objects).await?,
                    false => Vec::new(),
                };
                if send
                    .send(Work {
                        batch,
                        subscriptions,
                    })
                    .await
                    .is_err()
                {
                    break;
                }
            }
            Ok::<(), BackfillError>(())
        };
        tokio::try_join!(read, self.apply(list, total, receive)).map(|((), ())| ())
    }

    async fn apply(
        &mut self,
        list: &'static List,
        mut total: Option<u64>,
        mut pages: Receiver<Work>,
    ) -> Result<(), BackfillError> {
        while let Some(Work {
            batch,
            subscriptions,
        }) = pages.recv().await
        {
            if !subscriptions.is_empty() {
                // First: the items inside name their subscription, those of the list do not.
                self.mirror
                    .apply_page(&SUBSCRIPTIONS, subscriptions, None)
                    .await?;
            }
            let place = batch.place.to_json();
            let place = Some((list.table.name, place.as_str()));
            self.mirror
                .apply_page(list.table, batch.objects, place)
                .await?;
            total = total.or(batch.total);
            (self.on_progress)(Progress {
                table: list.table.name,
                done: batch.place.offset,
                total,
                is_complete: batch.place.is_end,
            });
        }
        Ok(())
    }
}

impl<'a, DB: Engine> IntoFuture for Backfill<'a, DB> {
    type Output = Result<(), BackfillError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<DB: Engine> fmt::Debug for Backfill<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backfill")
            .field("mirror", self.mirror)
            .field("api", self.api)
            .finish_non_exhaustive()
    }
}
