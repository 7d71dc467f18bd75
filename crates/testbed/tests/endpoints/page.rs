//! The tables of the contract in the guide, written from a run.

use std::{env, fmt::Write as _, fs};

use crate::{proxies::QUESTIONS, row::Row, rows, verdict::Verdict};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
const BEGIN: &str = "<!-- The contract: written by its test, see below. -->\n";
const END: &str = "<!-- The end of the contract. -->\n";

/// Writes the tables if `ENDPOINTS_WRITE` is set; else the page must have them.
pub(crate) fn check_frameworks(verdicts: &[Verdict]) {
    let tables = [
        kept("framework", verdicts),
        contract(),
        "\n### Exceptions\n".to_owned(),
        exceptions("framework", verdicts),
    ];
    check("frameworks.md", &tables.concat());
}

/// As [`check_frameworks`], with the answers to the [`QUESTIONS`] for each verdict.
pub(crate) fn check_proxies(verdicts: &[Verdict], answers: &[[String; QUESTIONS.len()]]) {
    let tables = [
        questions(verdicts, answers),
        kept("proxy", verdicts),
        exceptions("proxy", verdicts),
    ];
    check("deployment.md", &tables.concat());
}

fn check(page: &str, tables: &str) {
    let path = format!("{GUIDE}/{page}");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the begin of the tables");
    let (_, after) = rest.split_once(END).expect("the end of the tables");
    let current = [before, BEGIN, tables, "\n", END, after].concat();
    if env::var_os("ENDPOINTS_WRITE").is_some() {
        fs::write(path, current).unwrap();
    } else {
        assert!(
            text == current,
            "docs/{page} is not what this run found; write it with ENDPOINTS_WRITE=1"
        );
    }
}

fn kept(kind: &str, verdicts: &[Verdict]) -> String {
    let mut table = format!("\n| {kind} | rows kept | exceptions |\n|---|---|---|\n");
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
    table
}

fn contract() -> String {
    let mut tables = String::new();
    for (title, rows) in rows::SECTIONS {
        let _ = write!(
            tables,
            "\n### {title}\n\n| request | body | answer | handler |\n|---|---|---|---|\n"
        );
        rows.iter().for_each(|row| write_row(&mut tables, row));
    }
    tables
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

fn exceptions(kind: &str, verdicts: &[Verdict]) -> String {
    let mut table = format!("\n| {kind} | request | instead | why |\n|---|---|---|---|\n");
    for framework in verdicts.iter().map(|verdict| verdict.framework) {
        for exception in framework.exceptions {
            let instead = exception.instead.text();
            let (name, row, reason) = (framework.name, exception.row, exception.reason);
            let _ = writeln!(table, "| {name} | {row} | {instead} | {reason} |");
        }
    }
    table
}

fn questions(verdicts: &[Verdict], answers: &[[String; QUESTIONS.len()]]) -> String {
    let names = verdicts.iter().map(|verdict| verdict.framework.name);
    let names: Vec<_> = names.collect();
    let columns = "|---".repeat(names.len());
    let mut table = format!("\n| | {} |\n|---{columns}|\n", names.join(" | "));
    for (index, question) in QUESTIONS.iter().enumerate() {
        let row: Vec<_> = answers
            .iter()
            .map(|answers| answers[index].as_str())
            .collect();
        let _ = writeln!(table, "| {question} | {} |", row.join(" | "));
    }
    table
}
