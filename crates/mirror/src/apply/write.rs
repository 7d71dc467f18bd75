//! Writes objects that are newer than their rows.

use clerk_webhooks::event::RawJson;
use serde_json::Value;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use super::{
    change::Change,
    state::{Fate, State},
    tombstone::{list, tombstone},
};
use crate::{
    engine::{Engine, Sql, sealed::Dialect as _},
    json,
    object::{Object, part_rows},
    schema::{
        statements::{Statements, TableStatements},
        table::{Part, Table},
    },
};

/// Writes objects of one table, each with another id, under their locks. Returns what each changed.
pub(crate) async fn write<DB: Engine>(
    connection: &mut DB::Connection,
    statements: &Statements,
    table: &Table,
    objects: Vec<Object>,
) -> sqlx::Result<Vec<Change>> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let of_table = statements.of(table)?;
    let mut state = State::read::<DB>(connection, of_table, &objects).await?;
    let mut work = Work::new(table);
    let mut changes = Vec::with_capacity(objects.len());
    for object in objects {
        let fate = state.fate(table, &object);
        changes.push(work.add(table, object, fate));
    }
    work.carry_out::<DB>(connection, statements, of_table)
        .await?;
    Ok(changes)
}

/// What is to be written, one statement each.
struct Work<'a> {
    rows: Vec<Value>,
    parts: Vec<PartWork<'a>>,
    buried: Vec<Value>,
    without_row: Vec<String>,
}

struct PartWork<'a> {
    part: &'a Part,
    replaced: Vec<String>,
    rows: Vec<Value>,
}

impl<'a> Work<'a> {
    fn new(table: &'a Table) -> Self {
        let nothing = |part| PartWork {
            part,
            replaced: Vec::new(),
            rows: Vec::new(),
        };
        Self {
            rows: Vec::new(),
            parts: table.parts.iter().map(nothing).collect(),
            buried: Vec::new(),
            without_row: Vec::new(),
        }
    }

    fn add(&mut self, table: &Table, object: Object, fate: Fate) -> Change {
        match fate {
            Fate::Stale => Change::Stale,
            Fate::Hide(had_row) => {
                self.buried
                    .push(tombstone(table, &object.id, &object.version));
                if !had_row {
                    return Change::Stale;
                }
                self.without_row.push(object.id);
                Change::Deleted
            }
            Fate::Insert => {
                self.add_parts(&object, None);
                self.rows.push(Value::Object(object.row));
                Change::Inserted
            }
            Fate::Update(before) => {
                let old = json::parse(&before).unwrap_or_default();
                self.add_parts(&object, Some(&old));
                let (before, after) = (raw(&before), raw(&object.json().to_string()));
                self.rows.push(Value::Object(object.row));
                Change::Updated { before, after }
            }
        }
    }

    /// A list that is the same as before is not written again.
    fn add_parts(&mut self, object: &Object, before: Option<&Value>) {
        for PartWork {
            part,
            replaced,
            rows,
        } in &mut self.parts
        {
            let before = before.map(|before| before.get(part.list));
            if before == Some(object.json().get(part.list)) {
                continue;
            }
            if before.is_some() {
                replaced.push(object.id.clone());
            }
            rows.extend(part_rows(part, object).into_iter().map(Value::Object));
        }
    }

    async fn carry_out<DB: Engine>(
        self,
        connection: &mut DB::Connection,
        statements: &Statements,
        of_table: &TableStatements,
    ) -> sqlx::Result<()> {
        let mut deletions = vec![(&of_table.delete, list(self.without_row))];
        let mut insertions = vec![
            (&of_table.upsert, list(self.rows)),
            (&statements.bury, list(self.buried)),
        ];
        for (work, part) in self.parts.into_iter().zip(&of_table.parts) {
            deletions.push((&part.delete, list(work.replaced)));
            insertions.push((&part.insert, list(work.rows)));
        }
        for (deletion, ids) in deletions.iter().filter(|(_, ids)| ids != NOTHING) {
            Sql::<DB>::execute(connection, (*deletion).clone(), &[ids]).await?;
        }
        insert_all::<DB>(connection, &insertions).await
    }
}

/// An empty list.
const NOTHING: &str = "[]";

/// Runs insertions with their records, less those without any, in one round trip.
async fn insert_all<DB: Engine>(
    connection: &mut DB::Connection,
    insertions: &[(&SqlStr, String)],
) -> sqlx::Result<()> {
    let mut statements = Vec::new();
    let mut parameters = Vec::new();
    for (statement, records) in insertions.iter().filter(|(_, records)| records != NOTHING) {
        parameters.push(records.as_str());
        let parameter = format!("${}", parameters.len());
        statements.push(statement.as_str().replace("$1", &parameter));
    }
    if statements.is_empty() {
        return Ok(());
    }
    let combined = AssertSqlSafe(Sql::<DB>::combine(&statements)).into_sql_str();
    Sql::<DB>::execute(connection, combined, &parameters)
        .await
        .map(drop)
}

fn raw(json: &str) -> RawJson {
    serde_json::from_str(json).unwrap_or_default()
}
