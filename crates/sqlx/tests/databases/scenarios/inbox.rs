//! The inbox: noted with the work, or not at all.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use clerk_webhooks::idempotency::ClaimToken;
use clerk_webhooks_sqlx::inbox;
use sqlx::{Executor, IntoArguments, Pool};
use tokio::task::JoinSet;

use crate::support::{BeginWriting, new_key};

/// A pool whose inbox is migrated.
pub(crate) struct Inbox<DB: sqlx::Database>(pub(crate) Pool<DB>);

impl<DB> Inbox<DB>
where
    DB: BeginWriting,
{
    /// A whole delivery whose work succeeds.
    async fn commit(&self, scope: &str, message_id: &str) -> bool {
        let mut tx = DB::begin_writing(&self.0).await;
        let is_first = inbox::first_time(&mut tx, scope, message_id).await.unwrap();
        tx.commit().await.unwrap();
        is_first
    }

    pub(crate) async fn a_rollback_makes_it_the_first_time_again(&self) {
        let id = new_key().message_id().to_owned();
        for _ in 0..2 {
            let mut tx = DB::begin_writing(&self.0).await;
            assert!(inbox::first_time(&mut tx, "users", &id).await.unwrap());
            assert!(!inbox::first_time(&mut tx, "users", &id).await.unwrap());
            tx.rollback().await.unwrap();
        }
        assert!(self.commit("users", &id).await);
        assert!(!self.commit("users", &id).await);
    }

    pub(crate) async fn a_dropped_transaction_notes_nothing(&self) {
        let mut tx = DB::begin_writing(&self.0).await;
        assert!(inbox::first_time(&mut tx, "users", "msg_1").await.unwrap());
        drop(tx);
        assert!(self.commit("users", "msg_1").await);
    }

    pub(crate) async fn scopes_are_kept_apart(&self) {
        let odd = "users'; drop table clerk_inbox; --\t\r\n\\ %_$1?1 :a \u{1f980}\u{202e}";
        let random: String = (0..110).map(|_| ClaimToken::random().to_string()).collect();
        let id = "m".repeat(256);
        for scope in ["users", "Users", odd, &format!("{odd}{random}")] {
            assert!(self.commit(scope, &id).await, "{scope}");
            assert!(!self.commit(scope, &id).await, "{scope}");
        }
    }

    pub(crate) async fn what_is_forgotten_is_done_again(&self) {
        assert!(!inbox::forget(&self.0, "users", "msg_1").await.unwrap());
        assert!(self.commit("users", "msg_1").await);
        assert!(self.commit("billing", "msg_1").await);
        assert!(inbox::forget(&self.0, "users", "msg_1").await.unwrap());
        assert!(!inbox::forget(&self.0, "users", "msg_1").await.unwrap());
        assert!(self.commit("users", "msg_1").await);
        assert!(!self.commit("billing", "msg_1").await);
    }

    /// `fill` adds 2,500 rows that are 91 days old.
    pub(crate) async fn purging_removes_what_is_old_and_keeps_the_rest(&self, fill: &'static str)
    where
        for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
        DB::Arguments: IntoArguments<DB>,
    {
        assert!(self.commit("users", "msg_young").await);
        let mut connection = self.0.acquire().await.unwrap();
        sqlx::query(fill).execute(&mut *connection).await.unwrap();
        drop(connection);
        assert_eq!(
            inbox::purge(&self.0, inbox::RETENTION).await.unwrap(),
            2_500
        );
        assert_eq!(inbox::purge(&self.0, inbox::RETENTION).await.unwrap(), 0);
        assert_eq!(inbox::purge(&self.0, Duration::MAX).await.unwrap(), 0);
        assert!(!self.commit("users", "msg_young").await);
        assert_eq!(inbox::purge(&self.0, Duration::ZERO).await.unwrap(), 1);
        assert!(self.commit("users", "msg_young").await);
    }
}

impl<DB> Inbox<DB>
where
    DB: BeginWriting,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    /// The first `failures` that are told to work fail, and roll back.
    pub(crate) async fn of_32_at_once_one_does_the_work(pools: [Pool<DB>; 2], failures: u32) {
        let runs = Arc::new(AtomicU32::new(0));
        let mut deliveries = JoinSet::new();
        for pool in pools.iter().cycle().take(32) {
            let (pool, runs) = (pool.clone(), Arc::clone(&runs));
            deliveries.spawn(async move {
                let mut tx = DB::begin_writing(&pool).await;
                if !inbox::first_time(&mut tx, "users", "msg_1").await.unwrap() {
                    return false;
                }
                let effect = sqlx::query("insert into effects (id) values ('msg_1')");
                effect.execute(&mut *tx).await.unwrap();
                let is_done = runs.fetch_add(1, SeqCst) >= failures;
                if is_done {
                    tx.commit().await.unwrap();
                } else {
                    tx.rollback().await.unwrap();
                }
                is_done
            });
        }
        let did_the_work = deliveries.join_all().await;
        assert_eq!(did_the_work.iter().filter(|&&did| did).count(), 1);
        assert_eq!(runs.load(SeqCst), failures + 1);
        let [pool, _] = pools;
        let mut connection = pool.acquire().await.unwrap();
        let undone = sqlx::query("delete from effects")
            .execute(&mut *connection)
            .await
            .unwrap();
        assert_eq!(DB::rows_affected(&undone), 1, "effects");
    }
}
