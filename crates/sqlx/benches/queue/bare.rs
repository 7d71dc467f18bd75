//! A bare insert of the same bytes.

use std::sync::Arc;

use sqlx::{PgPool, SqlitePool};

use crate::contenders::{Contender, queued};

/// The queue's primary key, and nothing else of it.
pub(crate) const CREATE: &str = "create table bare (queue text not null, message_id text not null, \
     body text, primary key (queue, message_id))";
const INSERT: &str =
    "insert into bare (queue, message_id, body) values ($1, $2, $3) on conflict do nothing";

/// A pool for the bare insert.
#[derive(Clone)]
pub(crate) enum Bare {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

pub(crate) fn insert(bare: Bare) -> Arc<Contender> {
    Contender::new("insert", move |delivery| {
        let (bare, event) = (bare.clone(), queued(&delivery));
        let body = serde_json::to_string(&event).expect("it is JSON");
        async move {
            let id = event.message_id();
            match bare {
                Bare::Sqlite(pool) => {
                    let insert = sqlx::query(INSERT).bind("clerk").bind(id).bind(body);
                    insert.execute(&pool).await?;
                }
                Bare::Postgres(pool) => {
                    let insert = sqlx::query(INSERT).bind("clerk").bind(id).bind(body);
                    insert.execute(&pool).await?;
                }
            }
            Ok(())
        }
    })
}
