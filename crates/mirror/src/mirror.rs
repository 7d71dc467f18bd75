//! [`Mirror`]: the tables, and what applies to them.

use std::{fmt, sync::Arc};

use clerk_webhooks::{RawClerkEvent, VerifiedClerkEvent};
use sqlx::{Pool, Transaction};
use tracing::{debug, warn};

use crate::{
    apply::{
        change::Change,
        event::{Operation, operations_of},
        run::{Outcome, run},
    },
    engine::{Engine, Sql, sealed::Dialect as _},
    error::MirrorError,
    migrate::migrate,
    schema::{ddl::migrations, statements::Statements, table::Group},
    settings::Settings,
};

/// Clerk's objects in tables of a database.
///
/// Clones share the pool.
///
/// ```no_run
/// # #[cfg(feature = "sqlite")] mod example {
/// use axum::{Router, routing::post_service};
/// use clerk_webhooks::ClerkWebhookLayer;
/// use clerk_webhooks_mirror::Mirror;
/// use sqlx::SqlitePool;
///
/// async fn app(pool: SqlitePool) -> Result<Router, Box<dyn std::error::Error>> {
///     let mirror = Mirror::new(pool).await?; // makes or updates its tables
///     let clerk = ClerkWebhookLayer::from_env()?;
///     let route = post_service(mirror.service()).route_layer(clerk);
///     Ok(Router::new().route("/webhooks/clerk", route))
/// }
/// # }
/// ```
pub struct Mirror<DB: Engine> {
    pub(crate) pool: Pool<DB>,
    pub(crate) settings: Settings,
    pub(crate) statements: Arc<Statements>,
}

impl<DB: Engine> Mirror<DB> {
    /// Makes the tables in this database, or updates those of an older version of this crate.
    ///
    /// Any number of processes may do it at the same time. The role needs the right to make tables only when a table is
    /// missing or out of date. The versions are recorded in this crate's own table, `mirror_migrations`.
    ///
    /// It keeps every group of tables but the sessions.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, within 10 s, or when the role may not make tables.
    pub async fn new(pool: Pool<DB>) -> Result<Self, MirrorError> {
        let made = migrate(&pool, &migrations::<DB>()).await;
        made.map_err(MirrorError::of(DB::NAME, "make its tables"))?;
        Ok(Self {
            pool,
            settings: Settings::default(),
            statements: Arc::new(Statements::new::<DB>()),
        })
    }

    /// Keeps these groups of tables only. The tables of other groups stay as they are.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn example(pool: sqlx::SqlitePool) -> Result<(), clerk_webhooks_mirror::MirrorError> {
    /// use clerk_webhooks_mirror::{Group, Mirror};
    ///
    /// let mirror = Mirror::new(pool).await?.with_groups([Group::Users, Group::Sessions]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_groups(mut self, groups: impl IntoIterator<Item = Group>) -> Self {
        self.settings = self.settings.with_groups(groups);
        self
    }

    /// Keeps `private_metadata` in the stored objects. Without it, nothing private is stored.
    #[must_use]
    pub fn with_private_metadata(mut self) -> Self {
        self.settings = self.settings.with_private_metadata();
        self
    }

    /// Applies an event in your transaction, and returns what it changed.
    ///
    /// Until the transaction ends, no other applies anything to the same objects. On SQLite, begin it with
    /// `pool.begin_with("begin immediate")`. On Postgres, its isolation level is `read committed`, the default.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] mod example {
    /// use clerk_webhooks::{VerifiedClerkEvent, WebhookError};
    /// use clerk_webhooks_mirror::{Change, Mirror};
    /// use sqlx::{PgPool, Postgres};
    ///
    /// async fn on_event(
    ///     mirror: &Mirror<Postgres>,
    ///     pool: &PgPool,
    ///     event: VerifiedClerkEvent,
    /// ) -> Result<(), WebhookError> {
    ///     let mut tx = pool.begin().await?;
    ///     if let Change::Inserted = mirror.apply(&mut tx, &event).await? {
    ///         let statement = "insert into welcome_mails (clerk_id) values ($1)";
    ///         sqlx::query(statement).bind(event.object_id()).execute(&mut *tx).await?;
    ///     }
    ///     Ok(tx.commit().await?)
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the database fails. Drop the transaction then: that rolls it back.
    pub async fn apply<T>(
        &self,
        transaction: &mut Transaction<'_, DB>,
        event: &VerifiedClerkEvent<T>,
    ) -> Result<Change, MirrorError> {
        let raw = RawClerkEvent::from_slice(event.raw_body());
        let raw = raw.map_err(|error| MirrorError::undecodable(DB::NAME, error))?;
        self.apply_raw(transaction, event.message_id(), &raw).await
    }

    /// Applies an event that comes from elsewhere than the layer, such as a queue, like [`apply`](Self::apply).
    ///
    /// # Errors
    ///
    /// When the database fails. Drop the transaction then: that rolls it back.
    pub async fn apply_raw(
        &self,
        transaction: &mut Transaction<'_, DB>,
        message_id: &str,
        event: &RawClerkEvent,
    ) -> Result<Change, MirrorError> {
        let operations = self.operations_of(event, message_id);
        if operations.is_empty() {
            return Ok(Change::Ignored);
        }
        let outcome = run::<DB>(transaction, &self.statements, &operations, true).await;
        let outcome = self.outcome(outcome, event, message_id)?;
        Ok(Change::of(outcome, &operations))
    }

    /// Applies an event in a transaction of its own.
    pub(crate) async fn apply_alone(
        &self,
        message_id: &str,
        event: &RawClerkEvent,
    ) -> Result<(), MirrorError> {
        let operations = self.operations_of(event, message_id);
        if operations.is_empty() {
            return Ok(());
        }
        let outcome = self.run_alone(&operations).await;
        self.outcome(outcome, event, message_id).map(drop)
    }

    /// Carries out operations in a transaction of their own.
    pub(crate) async fn run_alone(&self, operations: &[Operation]) -> sqlx::Result<Outcome> {
        if let ([Operation::Write { .. }], true) = (operations, Sql::<DB>::IS_SCRIPT_ATOMIC) {
            let mut connection = self.pool.acquire().await?;
            return run::<DB>(&mut connection, &self.statements, operations, false).await;
        }
        let mut transaction = self.pool.begin_with(Sql::<DB>::BEGIN).await?;
        let outcome = run::<DB>(&mut transaction, &self.statements, operations, false).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    fn operations_of(&self, event: &RawClerkEvent, message_id: &str) -> Vec<Operation> {
        let operations = operations_of(event, message_id, &self.settings);
        operations.unwrap_or_else(|reason| {
            let event_type = event.event_type.as_str();
            warn!(target: "clerk_webhooks", message_id, event_type, "the mirror ignores an event: {reason}");
            Vec::new()
        })
    }

    fn outcome(
        &self,
        outcome: sqlx::Result<Outcome>,
        event: &RawClerkEvent,
        message_id: &str,
    ) -> Result<Outcome, MirrorError> {
        let outcome = outcome.map_err(MirrorError::of(DB::NAME, "apply an event"))?;
        let (event_type, change) = (event.event_type.as_str(), outcome.name());
        debug!(target: "clerk_webhooks", message_id, event_type, change, "mirrored an event");
        Ok(outcome)
    }
}

/// Written by hand, since the engine need not be `Clone`.
impl<DB: Engine> Clone for Mirror<DB> {
    fn clone(&self) -> Self {
        Self {
            pool: self.pool.clone(),
            settings: self.settings.clone(),
            statements: Arc::clone(&self.statements),
        }
    }
}

impl<DB: Engine> fmt::Debug for Mirror<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror")
            .field("database", &DB::NAME)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
