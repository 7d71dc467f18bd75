//! `backfill` and `reconcile`: between Clerk's API and the mirror's tables.

mod display;
mod lines;
mod open;

use std::io::{self, Write as _};

use clap::Args;
use clerk_webhooks_mirror::{
    Engine, Mirror,
    api::{ApiErrorKind, ClerkApi},
    backfill::BackfillError,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use self::{
    display::Display,
    lines::{DifferenceLine, print_backfilled, print_reconciled},
    open::{MirrorArgs, OpenMirror, database_failed, with_causes},
};
use crate::{
    attempt::runtime,
    failure::{Ending, Failure},
    output::Output,
};

const KEY: &str = "The secret key of Clerk's API comes from the environment (CLERK_SECRET_KEY). It is never printed.";

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

pub(crate) fn backfill(args: &BackfillArgs, output: &mut Output) -> Result<Ending, Failure> {
    let api = args.mirror.api()?;
    let ending = until_interrupted(async {
        match args.mirror.open().await? {
            OpenMirror::Sqlite(mirror) => read(&mirror, &api, output).await,
            OpenMirror::Postgres(mirror) => read(&mirror, &api, output).await,
        }
    })?;
    if ending == Ending::Interrupted {
        let _ = writeln!(
            io::stderr(),
            "interrupted: the same command goes on where it was"
        );
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
    for table in &tables {
        print_backfilled(table, output)?;
    }
    Ok(Ending::Success)
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
    let mut reconcile = mirror
        .reconcile(api)
        .with_progress(|progress| display.show(progress));
    reconcile = reconcile.with_differences(move |difference| {
        let _ = send.send(DifferenceLine::from(difference));
    });
    if is_fixing {
        reconcile = reconcile.fix();
    }
    let (report, printed) = tokio::join!(reconcile.into_future(), print(differences, output));
    let report = report.map_err(|error| failed(&error))?;
    printed?;
    for table in &report.tables {
        print_reconciled(table, output)?;
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

fn failed(error: &BackfillError) -> Failure {
    match error {
        BackfillError::Api(error) if error.kind() == ApiErrorKind::Unauthorized => {
            Failure::Input(error.to_string())
        }
        BackfillError::Api(error) => Failure::Network(with_causes(error)),
        error => database_failed(error),
    }
}
