//! [`Reconcile`]: compares list by list, then looks up what the lists do not have.

use std::{
    collections::HashSet,
    fmt,
    hash::{BuildHasher as _, RandomState},
    pin::Pin,
};

use serde_json::Value;

use super::{
    compare::{Compared, compare},
    look_up::{Answer, look_up},
    report::{Difference, DifferenceKind, Report, TableReport},
};
use crate::{
    api::{
        ClerkApi,
        list::{List, lists_of},
        subscriptions,
        walk::{Place, Walk},
    },
    backfill::{BackfillError, Progress},
    engine::Engine,
    mirror::Mirror,
    schema::{
        table::Table,
        tables::{SUBSCRIPTION_ITEMS, SUBSCRIPTIONS},
    },
};

/// Rows of a table that are read at once.
const ROWS: usize = 1_000;

/// A reconcile. It runs when it is awaited.
#[must_use = "a reconcile runs when it is awaited"]
pub struct Reconcile<'a, DB: Engine> {
    mirror: &'a Mirror<DB>,
    api: &'a ClerkApi,
    is_fixing: bool,
    on_progress: Box<dyn FnMut(Progress) + Send + 'a>,
    on_difference: Box<dyn FnMut(Difference<'_>) + Send + 'a>,
    /// Whether an object of Clerk's was in the tables: both are of one instance.
    has_common: bool,
}

/// The ids that a list has, as hashes: a million need some 16 MiB. Two ids with one hash would hide an extra row from
/// this run. The next run hashes with other keys.
#[derive(Default)]
struct Seen {
    hashes: HashSet<u64>,
    keys: RandomState,
}

impl Seen {
    fn insert(&mut self, id: &str) -> bool {
        self.hashes.insert(self.keys.hash_one(id))
    }

    fn contains(&self, id: &str) -> bool {
        self.hashes.contains(&self.keys.hash_one(id))
    }
}

/// What is known of a table while it is compared.
struct Comparison {
    table: &'static Table,
    seen: Seen,
    report: TableReport,
}

impl Comparison {
    fn new(table: &'static Table) -> Self {
        Self {
            table,
            seen: Seen::default(),
            report: TableReport::new(table.name),
        }
    }
}

impl<DB: Engine> Mirror<DB> {
    /// Compares the tables with Clerk's API. It writes nothing, unless with [`fix`](Reconcile::fix).
    ///
    /// See [`reconcile`](crate::reconcile).
    pub fn reconcile<'a>(&'a self, api: &'a ClerkApi) -> Reconcile<'a, DB> {
        Reconcile {
            mirror: self,
            api,
            is_fixing: false,
            on_progress: Box::new(|_| ()),
            on_difference: Box::new(|_| ()),
            has_common: false,
        }
    }
}

impl<'a, DB: Engine> Reconcile<'a, DB> {
    /// Fixes what is missing, stale or extra.
    pub fn fix(mut self) -> Self {
        self.is_fixing = true;
        self
    }

    /// Calls this after each page.
    pub fn with_progress(mut self, on_progress: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    /// Calls this for each difference. The [`Report`] has their numbers only.
    ///
    /// ```no_run
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example(
    /// #     mirror: clerk_webhooks_mirror::Mirror<sqlx::Sqlite>,
    /// #     api: clerk_webhooks_mirror::api::ClerkApi,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let reconcile = mirror.reconcile(&api).with_differences(|difference| {
    ///     println!("{} {}: {}", difference.table, difference.id, difference.kind.as_str());
    /// });
    /// reconcile.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_differences(
        mut self,
        on_difference: impl FnMut(Difference<'_>) + Send + 'a,
    ) -> Self {
        self.on_difference = Box::new(on_difference);
        self
    }

    async fn run(mut self) -> Result<Report, BackfillError> {
        let mut report = Report::default();
        for list in lists_of(&self.mirror.settings) {
            let mut of_list = Comparison::new(list.table);
            let mut subscriptions = Comparison::new(&SUBSCRIPTIONS);
            self.read(list, &mut of_list, &mut subscriptions).await?;
            if list.table.name == SUBSCRIPTION_ITEMS.name {
                self.look_for_extra(&mut subscriptions).await?;
                report.tables.push(subscriptions.report);
            }
            self.look_for_extra(&mut of_list).await?;
            report.tables.push(of_list.report);
        }
        Ok(report)
    }

    async fn read(
        &mut self,
        list: &'static List,
        of_list: &mut Comparison,
        subscriptions: &mut Comparison,
    ) -> Result<(), BackfillError> {
        let mut walk = Walk::new(self.api, list, Place::default());
        while let Some(batch) = walk.next().await? {
            if list.table.name == SUBSCRIPTION_ITEMS.name {
                let of_items = subscriptions::of_items(self.api, &batch.objects).await?;
                self.compare(subscriptions, of_items).await?;
            }
            self.compare(of_list, batch.objects).await?;
            (self.on_progress)(Progress {
                table: list.table.name,
                done: batch.place.offset,
                total: batch.total,
                is_complete: batch.place.is_end,
            });
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        comparison: &mut Comparison,
        objects: Vec<Value>,
    ) -> Result<(), BackfillError> {
        let to_apply = if self.is_fixing {
            objects.clone()
        } else {
            Vec::new()
        };
        let mut is_different = false;
        for Compared { id, difference } in compare(self.mirror, comparison.table, objects).await? {
            // An object may be on two pages.
            comparison.report.objects += u64::from(comparison.seen.insert(&id));
            self.has_common |= difference != Some(DifferenceKind::Missing);
            if let Some(kind) = difference {
                is_different = true;
                self.report(comparison, &id, kind);
            }
        }
        if self.is_fixing && is_different {
            self.mirror
                .apply_page(comparison.table, to_apply, None)
                .await?;
        }
        Ok(())
    }

    /// Rows whose objects were not in the list.
    async fn look_for_extra(&mut self, comparison: &mut Comparison) -> Result<(), BackfillError> {
        let mut after = String::new();
        loop {
            let mut ids = self.mirror.ids(comparison.table, &after, ROWS).await?;
            let Some(last) = ids.last() else {
                return Ok(());
            };
            after.clone_from(last);
            ids.retain(|id| !comparison.seen.contains(id));
            for id in ids {
                self.confirm(comparison, &id).await?;
            }
        }
    }

    async fn confirm(
        &mut self,
        comparison: &mut Comparison,
        id: &str,
    ) -> Result<(), BackfillError> {
        let table = comparison.table;
        let Some(stored) = self.mirror.object(table, id).await? else {
            // A webhook deleted it meanwhile.
            return Ok(());
        };
        let answer = match self.has_common {
            true => look_up(self.api, table, id, &stored).await?,
            false => Answer::Unknown,
        };
        match answer {
            Answer::Exists(object) => return self.compare(comparison, vec![object]).await,
            Answer::Unknown => self.report(comparison, id, DifferenceKind::Unconfirmed),
            Answer::Gone => {
                self.report(comparison, id, DifferenceKind::Extra);
                if self.is_fixing {
                    self.mirror.delete(table, id).await?;
                }
            }
        }
        Ok(())
    }

    fn report(&mut self, comparison: &mut Comparison, id: &str, kind: DifferenceKind) {
        comparison.report.count(kind);
        let table = comparison.table.name;
        (self.on_difference)(Difference { table, id, kind });
    }
}

impl<'a, DB: Engine> IntoFuture for Reconcile<'a, DB> {
    type Output = Result<Report, BackfillError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<DB: Engine> fmt::Debug for Reconcile<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconcile")
            .field("mirror", self.mirror)
            .field("api", self.api)
            .field("is_fixing", &self.is_fixing)
            .finish_non_exhaustive()
    }
}
