//! The guide's page lists the tables as they are described here.

use super::{
    table::{Column, Source, Table},
    tables::TABLES,
};
use crate::engine::kind::Kind;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/mirror.md");
const BEGIN: &str =
    "<!-- tables: written by `WRITE_DOCS=1 cargo test -p clerk-webhooks-mirror documented` -->\n";
const END: &str = "<!-- end of tables -->";

#[test]
fn the_guides_tables_are_the_described_ones() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let described = TABLES.map(table).concat();
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(PAGE, [before, BEGIN, &described, END, after].concat()).unwrap();
    } else {
        assert_eq!(written, described);
    }
}

#[test]
fn parents_are_tables_and_columns() {
    for table in TABLES {
        for parent in table.parents {
            assert!(
                table
                    .columns
                    .iter()
                    .any(|column| column.name == parent.column)
            );
            let parent = TABLES
                .iter()
                .find(|other| other.name == parent.table)
                .unwrap();
            // A cascade reaches one level.
            assert!(parent.parents.is_empty() && table.parts.is_empty());
        }
    }
}

fn table(table: &Table) -> String {
    let events = table.event.map_or(
        "no event; a backfill, and the entries of the waiting list, fill it".to_owned(),
        |event| format!("events `{event}.*`"),
    );
    let mut page = format!(
        "\n### {}\n\nGroup `{:?}`; {events}.\n",
        table.name, table.group
    );
    page += &columns(&[("id", "text", "`id`")], table.columns);
    for part in table.parts {
        let owner = format!("the `id` of the row's object in `{}`", table.name);
        page += &format!(
            "\n### {}\n\nThe elements of `{}` of `{}`, by `{}` and `id`.\n",
            part.name, part.list, table.name, part.owner
        );
        page += &columns(
            &[(part.owner, "text", &owner), ("id", "text", "`id`")],
            part.columns,
        );
    }
    page
}

fn columns(first: &[(&str, &str, &str)], columns: &[Column]) -> String {
    let mut lines = String::from("\n| column | type | from | index |\n|---|---|---|---|\n");
    for (name, kind, from) in first {
        lines += &format!("| `{name}` | {kind} | {from} | primary key |\n");
    }
    for column in columns {
        let kind = match column.kind {
            Kind::Key | Kind::Text => "text",
            Kind::Integer => "bigint",
            Kind::Boolean => "boolean",
            Kind::Timestamp => "timestamptz",
            Kind::Json => "jsonb",
        };
        let from = match column.source {
            Source::Path(paths) => {
                let paths: Vec<_> = paths.split('|').map(|path| format!("`{path}`")).collect();
                paths.join(", else ")
            }
            Source::Element { list, id, field } => {
                format!("`{field}` of the element of `{list}` that `{id}` names")
            }
        };
        let index = if column.is_indexed { "yes" } else { "" };
        lines += &format!("| `{}` | {kind} | {from} | {index} |\n", column.name);
    }
    lines
}
