//! Postgres.

use sqlx::{Arguments as _, PgConnection, SqlStr, postgres::PgArguments};

use super::{
    Record, Row, arguments, fetch,
    kind::Kind,
    script::{Call, Locks, Script},
    sealed::Dialect,
};

/// What is new among the objects of this JSON list.
fn fresh(script: &Script, list: &str) -> String {
    let fields = fields_of(&script.fields);
    let records = format!("jsonb_to_recordset({list}) as record ({fields})");
    script.fresh(PgConnection::PREFIX, &records)
}

fn fields_of(fields: &[(&str, Kind)]) -> String {
    let definition = |(name, kind): &(&str, Kind)| match kind {
        Kind::Timestamp => format!(r#""{name}" bigint"#),
        kind => format!(r#""{name}" {}"#, PgConnection::column_type(*kind)),
    };
    let definitions: Vec<_> = fields.iter().map(definition).collect();
    definitions.join(", ")
}

impl Dialect for PgConnection {
    const PREFIX: &'static str = "clerk.";
    const BEGIN: &'static str = "begin";
    const IS_SCRIPT_ATOMIC: bool = true;
    const CREATE_SCHEMA: &'static str = "create schema if not exists clerk";
    const LOCK_MIGRATIONS: &'static str = "select pg_advisory_xact_lock(7164773311834726771)";
    const HAS_VERSIONS: &'static str = "select count(to_regclass('clerk.mirror_migrations'))::text";
    const NOW: &'static str = "(extract(epoch from statement_timestamp()) * 1000)::bigint";
    const TABLE_OPTIONS: &'static str = "";
    const BY_BYTES: &'static str = r#"collate "C""#;
    /// It is a variable.
    const FROM_FRESH: &'static str = "";

    fn column_type(kind: Kind) -> &'static str {
        match kind {
            Kind::Key | Kind::Text => "text",
            Kind::Integer => "bigint",
            Kind::Boolean => "boolean",
            Kind::Timestamp => "timestamptz",
            Kind::Json => "jsonb",
        }
    }

    fn elements(list: &str, fields: &[(&str, Kind)]) -> String {
        let fields = fields_of(fields);
        format!(r#"jsonb_to_recordset(fresh."{list}") as element ({fields})"#)
    }

    fn element(field: &str) -> String {
        format!(r#"element."{field}""#)
    }

    fn value(field: &str, kind: Kind) -> String {
        match kind {
            Kind::Timestamp => format!("to_timestamp({field} / 1000.0)"),
            _ => field.to_owned(),
        }
    }

    /// A function, since a statement sees what others have committed before it began, and not what they commit while it
    /// waits for its locks. With another isolation level, no statement would see that. The function is planned once for each
    /// connection, so the plan must not depend on how few rows the tables have then.
    fn define(script: &Script) -> String {
        let steps = script.steps.iter().map(|step| {
            format!(
                "if {} then\n    {};\nend if;\n",
                step.condition, step.statement
            )
        });
        let [id, outcome, before] = script.outcome("$4");
        format!(
            "create or replace function {prefix}mirror_{name}(jsonb, bigint[], boolean[], boolean)
returns table (id_of_record text, outcome text, object_before text) language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare fresh record;
begin
if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the isolation level is %', current_setting('transaction_isolation') using errcode = '25000';
end if;
perform case when is_exclusive then pg_advisory_xact_lock(number) else pg_advisory_xact_lock_shared(number) end
from unnest($2, $3) as lock (number, is_exclusive);
for fresh in {fresh} loop
id_of_record := {id};
outcome := {outcome};
object_before := {before};
return next;
{steps}end loop;
end $$;
",
            prefix = Self::PREFIX,
            name = script.name(),
            fresh = fresh(script, "$1"),
            steps = steps.collect::<String>(),
        )
    }

    fn call(script: &Script) -> String {
        let (prefix, name) = (Self::PREFIX, script.name());
        format!("select * from {prefix}mirror_{name}($1::jsonb, $2, $3, $4)")
    }

    #[cfg(feature = "backfill")]
    fn compare(script: &Script) -> String {
        let fresh = fresh(script, "$1::jsonb");
        let outcome = script.outcome("false").join(", ");
        format!("with fresh as ({fresh}) select {outcome} from fresh")
    }

    async fn call_script(
        connection: &mut Self,
        call: &Call,
        records: &[&Record],
        locks: &Locks,
        wants_before: bool,
    ) -> sqlx::Result<Vec<Row>> {
        let (numbers, are_exclusive): (Vec<i64>, Vec<bool>) = locks.iter().unzip();
        let records: Vec<_> = records.iter().map(|Record(fields)| fields).collect();
        let records = serde_json::to_string(&records);
        let records = records.map_err(|error| sqlx::Error::Encode(error.into()))?;
        let mut arguments = PgArguments::default();
        arguments
            .add(records)
            .and_then(|()| arguments.add(numbers))
            .and_then(|()| arguments.add(are_exclusive))
            .and_then(|()| arguments.add(wants_before))
            .map_err(sqlx::Error::Encode)?;
        fetch(connection, call.statement.clone(), arguments).await
    }

    run_statements!(PgArguments);
}
