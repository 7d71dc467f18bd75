//! What the two commands print.

use clerk_webhooks_mirror::{
    backfill::Progress,
    reconcile::{Difference, TableReport},
};
use serde::Serialize;

use crate::{failure::Failure, output::Output};

#[derive(Serialize)]
struct BackfilledLine {
    #[serde(rename = "type")]
    kind: &'static str,
    table: &'static str,
    objects: u64,
}

/// A table that is read.
pub(super) fn print_backfilled(progress: &Progress, output: &mut Output) -> Result<(), Failure> {
    let (table, objects) = (progress.table, progress.done);
    let line = BackfilledLine {
        kind: "backfilled",
        table,
        objects,
    };
    match output.is_json() {
        true => output.object(&line)?,
        false => output.line(format!("{table:<26}{objects:>10}"))?,
    }
    Ok(())
}

#[derive(Serialize)]
pub(super) struct DifferenceLine {
    #[serde(rename = "type")]
    kind: &'static str,
    table: &'static str,
    id: String,
    difference: &'static str,
}

impl From<Difference<'_>> for DifferenceLine {
    fn from(difference: Difference<'_>) -> Self {
        Self {
            kind: "difference",
            table: difference.table,
            id: difference.id.to_owned(),
            difference: difference.kind.as_str(),
        }
    }
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

/// A table that is compared.
pub(super) fn print_reconciled(table: &TableReport, output: &mut Output) -> Result<(), Failure> {
    let line = ReconciledLine {
        kind: "reconciled",
        table: table.table,
        objects: table.objects,
        missing: table.missing,
        stale: table.stale,
        extra: table.extra,
        unconfirmed: table.unconfirmed,
    };
    match output.is_json() {
        true => output.object(&line)?,
        false => output.line(format!(
            "{:<26}{:>10} objects{:>8} missing{:>8} stale{:>8} extra{:>8} unconfirmed",
            line.table, line.objects, line.missing, line.stale, line.extra, line.unconfirmed
        ))?,
    }
    Ok(())
}
