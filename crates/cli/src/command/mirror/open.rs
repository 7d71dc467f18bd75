//! From arguments to a mirror and to Clerk's API.

use std::{env, error::Error, iter, time::Duration};

use clap::Args;
use clerk_webhooks_mirror::{Engine, Group, Mirror, api::ClerkApi};
use clerk_webhooks_sqlx::open_postgres;
use sqlx::{
    Pool, Postgres, Sqlite, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::{failure::Failure, output::escaped};

/// Where URLs of databases usually are.
const VARIABLE: &str = "DATABASE_URL";
/// How long a page waits while the service writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct MirrorArgs {
    /// The database of the mirror: `sqlite://FILE` or `postgres://...`. It must exist; its tables are made [default:
    /// `DATABASE_URL` of the environment, which keeps a password out of your shell's history]
    // Not parsed by clap, whose errors quote the value.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Only these groups of tables, as in your service: users, organizations, roles, invitations, billing
    #[arg(long, value_name = "GROUPS", value_delimiter = ',', value_parser = parse_group)]
    only: Vec<Group>,
    /// Store `private_metadata` too, as in your service
    #[arg(long)]
    private_metadata: bool,
    /// Requests a second [default: half of Clerk's limit, 50 with a live key, 5 with a test key]
    #[arg(long, value_name = "NUMBER")]
    requests_per_second: Option<f64>,
}

fn parse_group(text: &str) -> Result<Group, String> {
    Ok(match text {
        "users" => Group::Users,
        "organizations" => Group::Organizations,
        "roles" => Group::Roles,
        "invitations" => Group::Invitations,
        "billing" => Group::Billing,
        _ => return Err("use users, organizations, roles, invitations or billing".to_owned()),
    })
}

impl MirrorArgs {
    pub(super) fn api(&self) -> Result<ClerkApi, Failure> {
        let api = ClerkApi::from_env().map_err(|error| Failure::Input(error.to_string()))?;
        Ok(match self.requests_per_second {
            Some(requests) => api.with_requests_per_second(requests),
            None => api,
        })
    }

    /// Opens the database that is given, else the one in the environment.
    pub(super) async fn open(&self) -> Result<OpenMirror, Failure> {
        let not_given = || {
            Failure::Usage(format!(
                "which database? Set {VARIABLE}, or give --database-url sqlite://FILE or postgres://..."
            ))
        };
        let url = self
            .database_url
            .clone()
            .or_else(|| env::var(VARIABLE).ok());
        let url = url.ok_or_else(not_given)?;
        match url.split(':').next() {
            Some("sqlite") => Ok(OpenMirror::Sqlite(self.mirror(sqlite(&url)?).await?)),
            Some("postgres" | "postgresql") => {
                let pool = open_postgres(&url)
                    .await
                    .map_err(|error| database_failed(&error))?;
                Ok(OpenMirror::Postgres(self.mirror(pool).await?))
            }
            _ => Err(Failure::Usage(
                "the database's URL does not start with sqlite:// or postgres://".to_owned(),
            )),
        }
    }

    async fn mirror<DB: Engine>(&self, pool: Pool<DB>) -> Result<Mirror<DB>, Failure> {
        let mut mirror = Mirror::new(pool)
            .await
            .map_err(|error| database_failed(&error))?;
        if !self.only.is_empty() {
            mirror = mirror.with_groups(self.only.iter().copied());
        }
        Ok(match self.private_metadata {
            true => mirror.with_private_metadata(),
            false => mirror,
        })
    }
}

/// Of either engine.
pub(super) enum OpenMirror {
    Sqlite(Mirror<Sqlite>),
    Postgres(Mirror<Postgres>),
}

/// The file must exist, and its journal mode stays.
fn sqlite(url: &str) -> Result<SqlitePool, Failure> {
    let options: SqliteConnectOptions = url
        .parse()
        .map_err(|error: sqlx::Error| database_failed(&error))?;
    let options = options.create_if_missing(false).busy_timeout(BUSY_TIMEOUT);
    Ok(SqlitePoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options))
}

pub(super) fn database_failed(error: &dyn Error) -> Failure {
    Failure::Database(with_causes(error))
}

/// The text of an error and of what caused it, in one line.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |cause| (**cause).source());
    let causes: Vec<_> = causes.map(|cause| escaped(&cause.to_string())).collect();
    match causes.is_empty() {
        true => error.to_string(),
        false => format!("{error} ({})", causes.join(": ")),
    }
}
