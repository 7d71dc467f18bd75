//! From a URL to a queue.

use std::time::Duration;

use clerk_webhooks_nats::{Streams, open_nats};
use clerk_webhooks_sqlx::{open_postgres, queue::Queue};
use http::Uri;
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};

use super::engine::{Engine, OpenQueue, failed};
use crate::failure::Failure;

/// How long a statement waits while the service writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn open(url: &str, queue: &str, stream: &str) -> Result<OpenQueue, Failure> {
    let name = format!("`{queue}` at {}", place(url));
    let engine = match url.split(':').next() {
        Some("sqlite") => open_on_sqlite(url, queue).await,
        Some("postgres" | "postgresql") => open_on_postgres(url, queue).await,
        Some("nats" | "tls") => open_on_nats(url, queue, stream).await,
        _ => {
            return Err(Failure::Usage(
                "the database's URL does not start with sqlite://, postgres:// or nats://"
                    .to_owned(),
            ));
        }
    };
    match engine {
        Ok(engine) => Ok(OpenQueue::new(engine, name)),
        Err(error) => Err(failed(&name, &*error)),
    }
}

type Opened = Result<Engine, Box<dyn std::error::Error + Send + Sync>>;

/// The file must exist, and its journal mode stays: `open_sqlite` would make a file, and change any other.
async fn open_on_sqlite(url: &str, queue: &str) -> Opened {
    let options: SqliteConnectOptions = url.parse()?;
    let options = options
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full);
    let pool: SqlitePool = SqlitePoolOptions::new().connect_lazy_with(options);
    Ok(Engine::Sqlite(Queue::new(&pool, queue).await?))
}

async fn open_on_postgres(url: &str, queue: &str) -> Opened {
    let pool = open_postgres(url).await?;
    Ok(Engine::Postgres(Queue::new(&pool, queue).await?))
}

/// Without requirements: what the service's queue needs, the service checks.
async fn open_on_nats(url: &str, queue: &str, stream: &str) -> Opened {
    let streams = Streams::new(open_nats(url).await?)
        .with_name(stream)
        .with_max_body_bytes(0)
        .with_duplicate_window(Duration::ZERO);
    let queue = clerk_webhooks_nats::queue::Queue::new(&streams, queue).await?;
    Ok(Engine::Nats(Box::new(queue)))
}

/// The URL without user, password and parameters. Of a URL that is not understood, the scheme alone: a password may be
/// anywhere in it.
fn place(url: &str) -> String {
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    if scheme == "sqlite" {
        let file = rest.split('?').next().unwrap_or_default();
        return format!("{scheme}:{file}");
    }
    let understood = url.parse::<Uri>().ok().and_then(|uri| {
        let is_strange = uri.path_and_query()?.as_str().contains('@');
        let server = uri.authority()?.as_str().rsplit('@').next()?;
        (!is_strange).then(|| format!("{scheme}://{server}{}", uri.path().trim_end_matches('/')))
    });
    understood.unwrap_or_else(|| format!("{scheme}://..."))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_place_has_no_password() {
        assert_eq!(place("sqlite://app.db?mode=rwc"), "sqlite://app.db");
        assert_eq!(place("sqlite:/var/app.db"), "sqlite:/var/app.db");
        assert_eq!(
            place("postgres://me:pa55@db:5432/app?password=pa55"),
            "postgres://db:5432/app"
        );
        assert_eq!(place("nats://me:pa55@nats-1"), "nats://nats-1");
        for strange in [
            "postgres://me:pa?55@db/app",
            "postgres://me:55?pa@db/app",
            "postgres://me:pa/55@db/app",
            "postgres://me:pa 55@db/app",
            "postgres:///app?password=pa@55",
            "nats://me:pa55@nats-1,nats://me:pa55@nats-2",
        ] {
            let scheme = strange.split(':').next().unwrap();
            assert_eq!(place(strange), format!("{scheme}://..."), "{strange}");
        }
    }
}
