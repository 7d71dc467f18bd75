//! The mirror's tables equal those of a model, in whatever order, how often and to whichever dying server the events
//! are delivered.
//!
//! ```sh
//! cargo test -p clerk-webhooks-testbed --test mirror -- --include-ignored
//! MIRROR_SEED=7 MIRROR_EVENTS=5000 cargo test -p clerk-webhooks-testbed --test mirror sqlite
//! ```

mod deliver;
mod kills;
mod tables;

use clerk_webhooks_mirror::Mirror;
use clerk_webhooks_sqlx::{open_postgres, open_sqlite};
use clerk_webhooks_testbed::{
    engines::Postgres,
    model::{Event, History, Model, groups},
    number_from_env, seed_from_env,
};
use fastrand::Rng;
use sqlx::Pool;

use self::tables::{Tables, assert_equal, users};

#[tokio::test(flavor = "multi_thread")]
async fn any_order_leaves_the_models_tables_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let [shuffled, in_order] = ["shuffled.db", "in_order.db"].map(|name| folder.path().join(name));
    any_order_leaves_the_models_tables(
        open_sqlite(shuffled).await.unwrap(),
        open_sqlite(in_order).await.unwrap(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
async fn any_order_leaves_the_models_tables_on_postgres() {
    let [shuffled, in_order] = [
        Postgres::start().await.unwrap(),
        Postgres::start().await.unwrap(),
    ];
    any_order_leaves_the_models_tables(
        open_postgres(&shuffled.url()).await.unwrap(),
        open_postgres(&in_order.url()).await.unwrap(),
    )
    .await;
}

async fn any_order_leaves_the_models_tables<DB: Tables>(shuffled: Pool<DB>, in_order: Pool<DB>) {
    let (seed, events) = history();
    let model = Model::of(&events);
    let mut deliveries = [events.as_slice(), &events].concat();
    Rng::with_seed(seed).shuffle(&mut deliveries);
    for (pool, deliveries) in [(shuffled, deliveries), (in_order, events)] {
        let mirror = Mirror::new(pool.clone())
            .await
            .unwrap()
            .with_groups(groups());
        let counted = deliver::all(&mirror, &pool, &deliveries).await;
        assert_equal(&pool, &model).await;
        assert_eq!(
            counted,
            users(&pool).await,
            "by what `apply` says that it changed"
        );
    }
}

fn history() -> (u64, Vec<Event>) {
    let seed = seed_from_env("MIRROR_SEED").unwrap();
    let count = number_from_env("MIRROR_EVENTS", 2_000).unwrap();
    eprintln!("MIRROR_SEED={seed} MIRROR_EVENTS={count}");
    (seed, History::new(seed).next_events(count))
}
