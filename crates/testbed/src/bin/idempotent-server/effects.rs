//! Effects that happen exactly once: in the transaction of the inbox.

use clerk_webhooks_sqlx::inbox;
use clerk_webhooks_testbed::effects;
use sqlx::{PgPool, Pool, SqlitePool};

use crate::SCOPE;

pub(crate) enum Effects {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    /// There is no database for them.
    Outside,
}

impl Effects {
    /// Inserts a row for the message, unless a transaction that did so has committed.
    pub(crate) async fn insert_once(&self, message_id: &str) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(pool) => insert_once(pool, message_id).await,
            Self::Postgres(pool) => insert_once(pool, message_id).await,
            Self::Outside => Ok(()),
        }
    }
}

async fn insert_once<DB: effects::Effects>(pool: &Pool<DB>, message_id: &str) -> sqlx::Result<()> {
    let mut transaction = effects::begin(pool).await?;
    if inbox::first_time(&mut transaction, SCOPE, message_id).await? {
        DB::insert(&mut transaction, message_id).await?;
    }
    transaction.commit().await
}
