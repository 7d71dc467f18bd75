//! Tombstones and migrations.

use serde_json::json;
use sqlx::Pool;
use tokio::task::JoinSet;

use crate::support::{TestEngine, apply, at, event, mirror, select, user};

pub(crate) async fn old_tombstones_are_purged<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let gone = |id: &str| event("user.deleted", at(1), json!({ "id": id }));
    for id in ["user_old", "user_young"] {
        apply(&mirror, &pool, "msg_1", &gone(id)).await;
    }
    let days = |days: i64, id: &str| {
        let millis = days * 24 * 60 * 60 * 1_000;
        format!(
            "update {}mirror_tombstones set recorded_at = recorded_at - {millis} where id = '{id}'",
            DB::PREFIX
        )
    };
    DB::execute(&pool, days(91, "user_old")).await;
    DB::execute(&pool, days(89, "user_young")).await;
    apply(&mirror, &pool, "msg_2", &gone("user_new")).await;
    let left = "select id from clerk.mirror_tombstones order by id";
    assert_eq!(select(&pool, left).await, ["user_new", "user_young"]);
}

pub(crate) async fn many_processes_may_start_at_once<DB: TestEngine>(pool: Pool<DB>) {
    let mut processes = JoinSet::new();
    for _ in 0..16 {
        let pool = pool.clone();
        processes.spawn(async move { drop(mirror(&pool).await) });
    }
    processes.join_all().await;
    let versions = "select cast(version as text) from clerk.mirror_migrations";
    assert_eq!(select(&pool, versions).await, ["1"]);
}

pub(crate) async fn tables_that_are_up_to_date_stay<DB: TestEngine>(pool: Pool<DB>) {
    let created = event("user.created", at(1), user("user_1", "Ada", 1));
    apply(&mirror(&pool).await, &pool, "msg_1", &created).await;
    mirror(&pool).await;
    assert_eq!(
        select(&pool, "select id from clerk.users").await,
        ["user_1"]
    );
}
