//! `backfill` and `reconcile`: between Clerk's API and the mirror's tables.

use std::{
    env,
    error::Error,
    io::{self, IsTerminal as _, Write as _},
    iter,
    time::{Duration, Instant},
};

use clap::Args;
use clerk_webhooks_mirror::{
    Engine, Group, Mirror,
    api::{ApiErrorKind, ClerkApi},
    backfill::{BackfillError, Progress},
    reconcile::TableReport,
};
use clerk_webhooks_sqlx::open_postgres;
use serde::Serialize;
use sqlx::{
    Pool, Postgres, Sqlite, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    attempt::runtime,
    failure::{Ending, Failure},
    output::{Output, escaped},
    progress,
};

/// Where URLs of databases usually are.
const VARIABLE: &str = "DATABASE_URL";
/// How long a page waits while the service writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two lines of progress in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

const KEY: &str =
    "The secret key of Clerk's API comes from the environment (CLERK_SECRET_KEY). It is never printed.";

/// Read Clerk's users, organizations and the rest into the mirror's tables; goes on after an interruption
#[derive(Debug, Args)]
#[command(after_help = format!("{KEY}

Examples:
  clerk-webhooks backfill --database-url sqlite://app.db
  DATABASE_URL=postgres://... clerk-webhooks backfill --only users,organizations

Exit code: 0 if everything is read, 3 if the secret key is wrong, 4 if Clerk's API does not answer, 5 if the database fails; 130 after Ctrl-C. Run it
again: it goes on where it was."))]
pub(crate) struct BackfillArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
}

/// Compare the mirror's tables with Clerk, and fix them if you say so
#[derive(Debug, Args)]
#[command(after_help = format!("{KEY}

Examples:
  clerk-webhooks reconcile --database-url sqlite://app.db
  clerk-webhooks --json reconcile --database-url sqlite://app.db
  clerk-webhooks reconcile --fix --database-url sqlite://app.db

Exit code: 0 if the tables equal Clerk, or do now; 1 if they do not; 3 if the secret key is wrong, 4 if Clerk's API
does not answer, 5 if the database fails; 130 after Ctrl-C."))]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    mirror: MirrorArgs,
    /// Write what is missing or stale, and delete what Clerk confirms to be gone. Without it, nothing is written
    #[arg(long)]
    fix: bool,
}

#[derive(Debug, Args)]
struct MirrorArgs {
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
    fn api(&self) -> Result<ClerkApi, Failure> {
        let api = ClerkApi::from_env().map_err(|error| Failure::Input(error.to_string()))?;
        Ok(match self.requests_per_second {
            Some(requests) => api.with_requests_per_second(requests),
            None => api,
        })
    }

    /// Opens the database that is given, else the one in the environment.
    async fn open(&self) -> Result<OpenMirror, Failure> {
        let not_given = || {
            Failure::Usage(format!(
                "which database? Set {VARIABLE}, or give --database-url sqlite://FILE or postgres://..."
            ))
        };
        let url = self.database_url.clone().or_else(|| env::var(VARIABLE).ok());
        let url = url.ok_or_else(not_given)?;
        match url.split(':').next() {
            Some("sqlite") => Ok(OpenMirror::Sqlite(self.mirror(sqlite(&url)?).await?)),
            Some("postgres" | "postgresql") => {
                let pool = open_postgres(&url).await.map_err(|error| database_failed(&error))?;
                Ok(OpenMirror::Postgres(self.mirror(pool).await?))
            }
            _ => Err(Failure::Usage(
                "the database's URL does not start with sqlite:// or postgres://".to_owned(),
            )),
        }
    }

    async fn mirror<DB: Engine>(&self, pool: Pool<DB>) -> Result<Mirror<DB>, Failure> {
        let mut mirror = Mirror::new(pool).await.map_err(|error| database_failed(&error))?;
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
enum OpenMirror {
    Sqlite(Mirror<Sqlite>),
    Postgres(Mirror<Postgres>),
}

/// The file must exist, and its journal mode stays.
fn sqlite(url: &str) -> Result<SqlitePool, Failure> {
    let options: SqliteConnectOptions = url.parse().map_err(|error| database_failed(&error))?;
    let options = options.create_if_missing(false).busy_timeout(BUSY_TIMEOUT);
    Ok(SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options))
}

pub(crate) fn backfill(args: &BackfillArgs, output: &mut Output) -> Result<Ending, Failure> {
    let api = args.mirror.api()?;
    let ending = until_interrupted(async {
        match args.mirror.open().await? {
            OpenMirror::Sqlite(mirror) => read(&mirror, &api, output).await,
            OpenMirror::Postgres(mirror) => read(&mirror, &api, output).await,
        }
    })?;
    if ending == Ending::Interrupted {
        let _ = writeln!(io::stderr(), "interrupted: the same command goes on where it was");
    }
    Ok(ending)
}

pub(crate) fn reconcile(args: &ReconcileArgs, output: &mut Output) -> Result<Ending, Failure> {
    let api = args.mirror.api()?;
    until_interrupted(async {
        match args.mirror.open().await? {
            OpenMirror::Sqlite(mirror) => compare(&mirror, &api, args.fix, output).await,
            OpenMirror::Postgres(mirror) => compare(&mirror, &api, args.fix, output).await,
        }
    })
}

/// A page that is being applied is rolled back.
fn until_interrupted(
    command: impl Future<Output = Result<Ending, Failure>>,
) -> Result<Ending, Failure> {
    runtime()?.block_on(async {
        tokio::select! {
            ending = command => ending,
            _ = tokio::signal::ctrl_c() => Ok(Ending::Interrupted),
        }
    })
}

#[derive(Serialize)]
struct BackfilledLine {
    #[serde(rename = "type")]
    kind: &'static str,
    table: &'static str,
    objects: u64,
}

async fn read<DB: Engine>(
    mirror: &Mirror<DB>,
    api: &ClerkApi,
    output: &mut Output,
) -> Result<Ending, Failure> {
    let mut display = Display::default();
    let mut tables = Vec::new();
    let backfill = mirror.backfill(api).with_progress(|progress| {
        display.show(progress);
        if progress.is_complete {
            tables.push(progress);
        }
    });
    backfill.await.map_err(|error| failed(&error))?;
    for Progress { table, done, .. } in tables {
        match output.is_json() {
            true => output.object(&BackfilledLine {
                kind: "backfilled",
                table,
                objects: done,
            })?,
            false => output.line(format!("{table:<26}{done:>10}"))?,
        }
    }
    Ok(Ending::Success)
}

#[derive(Serialize)]
struct DifferenceLine {
    #[serde(rename = "type")]
    kind: &'static str,
    table: &'static str,
    id: String,
    difference: &'static str,
}

async fn compare<DB: Engine>(
    mirror: &Mirror<DB>,
    api: &ClerkApi,
    is_fixing: bool,
    output: &mut Output,
) -> Result<Ending, Failure> {
    let mut display = Display::default();
    // The output belongs to this thread.
    let (send, differences) = unbounded_channel();
    let mut reconcile = mirror.reconcile(api).with_progress(|progress| display.show(progress));
    reconcile = reconcile.with_differences(move |difference| {
        let _ = send.send(DifferenceLine {
            kind: "difference",
            table: difference.table,
            id: difference.id.to_owned(),
            difference: difference.kind.as_str(),
        });
    });
    if is_fixing {
        reconcile = reconcile.fix();
    }
    let (report, printed) = tokio::join!(reconcile.into_future(), print(differences, output));
    let report = report.map_err(|error| failed(&error))?;
    printed?;
    for table in &report.tables {
        print_table(table, output)?;
    }
    Ok(Ending::of(match is_fixing {
        true => report.unconfirmed() == 0,
        false => report.is_equal(),
    }))
}

/// Each difference in JSON; as text, the numbers follow.
async fn print(
    mut differences: UnboundedReceiver<DifferenceLine>,
    output: &mut Output,
) -> Result<(), Failure> {
    while let Some(difference) = differences.recv().await {
        if output.is_json() {
            output.object(&difference)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct ReconciledLine {
    #[serde(rename = "type")]
    kind: &'static str,
    table: &'static str,
    objects: u64,
    missing: u64,
    stale: u64,
    extra: u64,
    unconfirmed: u64,
}

fn print_table(table: &TableReport, output: &mut Output) -> Result<(), Failure> {
    let line = ReconciledLine {
        kind: "reconciled",
        table: table.table,
        objects: table.objects,
        missing: table.missing,
        stale: table.stale,
        extra: table.extra,
        unconfirmed: table.unconfirmed,
    };
    Ok(match output.is_json() {
        true => output.object(&line)?,
        false => output.line(format!(
            "{:<26}{:>10} objects{:>8} missing{:>8} stale{:>8} extra{:>8} unconfirmed",
            line.table, line.objects, line.missing, line.stale, line.extra, line.unconfirmed
        ))?,
    })
}

/// A bar on a terminal, a line now and then in a log.
struct Display {
    table: &'static str,
    bar: progress::Progress,
    next_line: Instant,
}

impl Default for Display {
    fn default() -> Self {
        Self {
            table: "",
            bar: progress::Progress::new(0, 0),
            next_line: Instant::now() + BETWEEN_LINES,
        }
    }
}

impl Display {
    fn show(&mut self, Progress { table, done, total, .. }: Progress) {
        let total = total.unwrap_or(done).max(done);
        if io::stderr().is_terminal() {
            let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
            if self.table != table {
                self.bar.clear();
                self.table = table;
                self.bar = progress::Progress::new(number(total), 1).with_name(table);
            }
            self.bar.show(number(done));
        } else if Instant::now() >= self.next_line {
            self.next_line = Instant::now() + BETWEEN_LINES;
            let _ = writeln!(io::stderr(), "{table}: {done} of {total}");
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.bar.clear();
    }
}

fn failed(error: &BackfillError) -> Failure {
    match error {
        BackfillError::Api(error) if error.kind() == ApiErrorKind::Unauthorized => {
            Failure::Input(error.to_string())
        }
        BackfillError::Api(error) => Failure::Network(with_causes(error)),
        error => database_failed(error),
    }
}

fn database_failed(error: &dyn Error) -> Failure {
    Failure::Database(with_causes(error))
}

/// The text of an error and of what caused it, in one line.
fn with_causes(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |cause| cause.source());
    let causes: Vec<_> = causes.map(|cause| escaped(&cause.to_string())).collect();
    match causes.is_empty() {
        true => error.to_string(),
        false => format!("{error} ({})", causes.join(": ")),
    }
}
