//! Connections, and the reason when there is none.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions as _, Connection as _, Pool, pool::PoolConnection};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::{
    engine::{Engine, Sql, number, sealed::Dialect as _},
    error::DatabaseError,
};

/// How long to wait for a connection. It is shorter than the 5 seconds that the core's services wait for this
/// crate, so that they get the cause.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// How long a server may take to accept the connection that is made only to find the cause.
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// How long a server may take to answer at all when a pool is opened: one behind a firewall never does.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
/// How long a server may take to start, and another process to unlock a file.
const LONGEST_START: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// A connection of the pool, or the reason why there is none.
///
/// A pool itself only repeats its attempts and then reports a timeout.
pub(crate) async fn acquire<DB: Engine>(pool: &Pool<DB>) -> sqlx::Result<PoolConnection<DB>> {
    match timeout(LONGEST_WAIT, pool.acquire()).await {
        Err(_) | Ok(Err(sqlx::Error::PoolTimedOut)) => Err(why_there_is_none(pool).await),
        Ok(acquired) => acquired,
    }
}

async fn why_there_is_none<DB: Engine>(pool: &Pool<DB>) -> sqlx::Error {
    match timeout(LONGEST_LOOK, connect_and_close(pool)).await {
        Ok(Err(error)) => error,
        Ok(Ok(())) | Err(_) => sqlx::Error::PoolTimedOut,
    }
}

async fn connect_and_close<DB: Engine>(pool: &Pool<DB>) -> sqlx::Result<()> {
    pool.connect_options().connect().await?.close().await
}

/// The pool's first connection. An error is returned at once, unless waiting may help.
pub(crate) async fn first<DB: Engine>(
    pool: &Pool<DB>,
) -> Result<PoolConnection<DB>, DatabaseError> {
    let begun = Instant::now();
    loop {
        // A pool that has connections is able to connect.
        let direct = match pool.size() {
            0 => timeout(LONGEST_CONNECT, connect_and_close(pool))
                .await
                .unwrap_or_else(|elapsed| Err(sqlx::Error::Io(elapsed.into()))),
            _ => Ok(()),
        };
        let opened = match direct {
            Ok(()) => acquire(pool).await,
            Err(error) => Err(error),
        };
        match opened {
            Err(error) if is_worth_a_retry::<DB>(&error) && begun.elapsed() < LONGEST_START => {
                sleep(PAUSE).await;
            }
            opened => return opened.map_err(DatabaseError::of(DB::NAME, "be opened")),
        }
    }
}

fn is_worth_a_retry<DB: Engine>(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| Sql::<DB>::is_starting_or_busy(&code))
}

/// Logs a warning for each setting of the connection that can lose acknowledged events, or that makes the
/// database less reliable; each warning once in a process.
pub(crate) async fn warn_of_weak_settings<DB: Engine>(
    connection: &mut DB::Connection,
) -> sqlx::Result<()> {
    static WARNED_OF: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());
    for (is_weak, warning) in Sql::<DB>::WEAK_SETTINGS {
        if number::<DB>(connection, is_weak).await? == 1 {
            let mut warned_of = WARNED_OF.lock().unwrap_or_else(PoisonError::into_inner);
            if warned_of.insert(warning) {
                warn!(target: "clerk_webhooks", database = DB::NAME, "{warning}");
            }
        }
    }
    Ok(())
}
