//! Clerk's users in tables beside the program's own: a welcome credit for each new user, and posts with the names of
//! their authors.
//!
//! ```sh
//! cargo run -p example-sync-users             # serves, in `sync-users.db` in the working directory; Ctrl-C ends it
//! cargo run -p example-sync-users -- --once   # delivers to itself, prints the tables and ends
//! ```
//!
//! `PORT` is the port to listen on (default 3000). `CLERK_WEBHOOK_SIGNING_SECRET` is the endpoint's signing secret.

mod deliveries;
#[path = "../../support/mod.rs"]
mod support;

use std::{error::Error, process::ExitCode};

use axum::{Router, extract::State, routing::post};
use clerk_webhooks::{ClerkWebhookLayer, EventData, VerifiedClerkEvent, WebhookError};
use clerk_webhooks_mirror::{Change, Mirror};
use clerk_webhooks_sqlx::open_sqlite;
use sqlx::{Executor as _, Sqlite, SqlitePool};

use self::support::demonstration::{ROUTE, verifier};

#[derive(Clone)]
struct App {
    mirror: Mirror<Sqlite>,
    pool: SqlitePool,
}

/// The program's own tables. They name users by id, without foreign keys: events arrive in any order.
const OWN_TABLES: &str = "
create table if not exists credits (user_id text primary key, credits integer not null) strict;
create table if not exists posts (title text primary key, author_id text not null) strict;
";

/// Without an effect of your own, this is `post_service(mirror.service())`.
async fn on_event(
    State(App { mirror, pool }): State<App>,
    event: VerifiedClerkEvent,
) -> Result<(), WebhookError> {
    let mut tx = pool.begin_with("begin immediate").await?; // Postgres: pool.begin()
    let change = mirror.apply(&mut tx, &event).await?;
    // Once for each user: with the row, in the same transaction.
    if let (Change::Inserted, EventData::UserCreated(user) | EventData::UserUpdated(user)) =
        (&change, &event.data)
    {
        let welcome = "insert into credits (user_id, credits) values ($1, 10)";
        sqlx::query(welcome)
            .bind(&user.id)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    deliveries::print(&event, &change);
    Ok(())
}

/// Posts, the first names of their authors, and the authors' credits.
async fn posts(pool: &SqlitePool) -> sqlx::Result<Vec<(String, Option<String>, Option<i64>)>> {
    let posts = "select posts.title, users.first_name, credits.credits from posts
        left join clerk_users users on users.id = posts.author_id
        left join credits on credits.user_id = posts.author_id
        order by posts.title"; // Postgres: clerk.users
    sqlx::query_as(posts).fetch_all(pool).await
}

async fn run() -> Result<(), Box<dyn Error>> {
    let once = support::once();
    let pool = open_sqlite("sync-users.db").await?;
    pool.execute(OWN_TABLES).await?;
    let mirror = Mirror::new(pool.clone()).await?;
    let own_secret = support::throw_away_secret()?;
    let clerk = ClerkWebhookLayer::new(verifier(own_secret.clone())?); // yours: from_env()?
    let route = post(on_event).route_layer(clerk);
    let app = App {
        mirror,
        pool: pool.clone(),
    };
    let router = Router::new().route(ROUTE, route).with_state(app);

    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    println!("{:<12}http://{address}{ROUTE}\n", "listening");
    tokio::select! {
        served = axum::serve(listener, router).into_future() => Ok(served?),
        shown = deliveries::show(address, &own_secret, &pool), if once => shown,
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    support::report("sync-users", run().await)
}
