//! The table of the contract in `docs/frameworks.md`, written from a run.

use std::{env, fmt::Write as _, fs};

use crate::{row::Row, rows, verdict::Verdict};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/frameworks.md");
const BEGIN: &str = "<!-- The contract: written by its test, see below. -->\n";
const END: &str = "<!-- The end of the contract. -->\n";

/// Writes the table if `ENDPOINTS_WRITE` is set; else the page must have it.
pub(crate) fn check(verdicts: &[Verdict]) {
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the begin of the table");
    let (_, after) = rest.split_once(END).expect("the end of the table");
    let current = [before, BEGIN, &table(verdicts), END, after].concat();
    if env::var_os("ENDPOINTS_WRITE").is_some() {
        fs::write(PAGE, current).unwrap();
    } else {
        assert!(
            page == current,
            "docs/frameworks.md is not what this run found; write it with ENDPOINTS_WRITE=1"
        );
    }
}

fn table(verdicts: &[Verdict]) -> String {
    let mut table = String::from("\n| framework | rows kept | exceptions |\n|---|---|---|\n");
    for verdict in verdicts {
        let Verdict {
            framework, kept, ..
        } = verdict;
        let (name, exceptions) = (framework.name, framework.exceptions.len());
        let _ = writeln!(
            table,
            "| {name} | {kept} of {} | {exceptions} |",
            rows::all().count()
        );
    }
    for (title, rows) in rows::SECTIONS {
        let _ = write!(
            table,
            "\n### {title}\n\n| request | body | answer | handler |\n|---|---|---|---|\n"
        );
        rows.iter().for_each(|row| write_row(&mut table, row));
    }
    table.push_str(
        "\n### Exceptions\n\n| framework | request | instead | why |\n|---|---|---|---|\n",
    );
    for framework in verdicts.iter().map(|verdict| verdict.framework) {
        for exception in framework.exceptions {
            let instead = exception.instead.text();
            let (name, row, reason) = (framework.name, exception.row, exception.reason);
            let _ = writeln!(table, "| {name} | {row} | {instead} | {reason} |");
        }
    }
    table.push('\n');
    table
}

fn write_row(table: &mut String, row: &Row) {
    let runs = match row.runs {
        0 => "does not run",
        1 => "runs",
        _ => "runs for each",
    };
    let (name, body, answers) = (row.name, row.body(), row.answers);
    let _ = writeln!(table, "| {name} | {body} | {answers} | {runs} |");
}
