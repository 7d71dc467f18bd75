//! The demonstration that `--once` runs: deliveries as Clerk might send them, and the rows that they make.

use std::{
    collections::hash_map::RandomState, error::Error, hash::BuildHasher as _, net::SocketAddr,
};

use clerk_webhooks::{SigningSecret, testing::SignedRequest};
use example_sync_users::{Database, Outcome, ROUTE, TABLES};
use serde_json::{Value, json};

use crate::support;

/// Sends them one after the other, and checks what each has done; then prints the rows that they made.
pub(crate) async fn run(
    address: SocketAddr,
    secret: &SigningSecret,
    database: &Database,
) -> Result<(), Box<dyn Error>> {
    println!("{:<32} {:<32} WHAT IT DID", "MESSAGE ID", "TYPE");
    let run = name_of_this_run();
    for (message, event, expected) in story(&run) {
        let message_id = format!("msg_{run}{message:011}");
        let delivery = SignedRequest::new(secret, event.to_string()).with_message_id(&message_id);
        let answer = support::deliver(address, ROUTE, &delivery).await?;
        if (answer.status, answer.body.as_str()) != (200, expected.as_str()) {
            let (status, text) = (answer.status, answer.body);
            return Err(
                format!("{message_id} was answered {status} {text}, not {expected}").into(),
            );
        }
    }
    print_rows(database, &run).await
}

/// Part of every id, so that another run on the same database uses other objects.
fn name_of_this_run() -> String {
    format!("{:016x}", RandomState::new().hash_one("run"))
}

/// The message id, the event, and its expected outcome.
fn story(run: &str) -> Vec<(u8, Value, Outcome)> {
    let ada = |email, minute| user(&format!("user_{run}Ada"), "Ada", email, minute);
    let bob_id = format!("user_{run}Bob");
    let bob = |minute| user(&bob_id, "Bob", "bob@example.com", minute);
    let joins = event("user.created", &ada("ada@example.com", 1), 1);
    let moves = event("user.updated", &ada("ada@example.org", 3), 3);
    let overtaken = event("user.updated", &ada("ada@example.net", 2), 2);
    let founds = event("organization.created", &organization(run, 4), 4);
    let member = membership(run, "org:member", 5);
    let member = event("organizationMembership.created", &member, 5);
    let admin = membership(run, "org:admin", 6);
    let admin = event("organizationMembership.updated", &admin, 6);
    let signs_in = json!({ "id": "sess_1", "user_id": "user_1" });
    let signs_in = event("session.created", &signs_in, 7);
    let bob_joins = event("user.created", &bob(8), 8);
    let bob_leaves = event("user.deleted", &json!({ "id": bob_id }), 10);
    let bob_overtaken = event("user.updated", &bob(9), 9);
    vec![
        (1, joins.clone(), Outcome::Created),
        (1, joins, Outcome::Duplicate),
        (2, moves, Outcome::Updated),
        (3, overtaken, Outcome::Stale),
        (4, founds, Outcome::Created),
        (5, member, Outcome::Created),
        (6, admin, Outcome::Updated),
        (7, signs_in, Outcome::Ignored),
        (8, bob_joins, Outcome::Created),
        (9, bob_leaves, Outcome::Deleted),
        (10, bob_overtaken, Outcome::Stale),
    ]
}

fn event(event_type: &str, data: &Value, minute: i64) -> Value {
    json!({ "object": "event", "type": event_type, "timestamp": millis(minute), "data": data })
}

fn user(id: &str, first_name: &str, email: &str, minute: i64) -> Value {
    json!({
        "id": id,
        "first_name": first_name,
        "last_name": null,
        "primary_email_address_id": "idn_1",
        "email_addresses": [{ "id": "idn_1", "email_address": email }],
        "updated_at": millis(minute),
    })
}

fn organization(run: &str, minute: i64) -> Value {
    json!({
        "id": format!("org_{run}"),
        "name": "Analytical Engines",
        "slug": "analytical-engines",
        "updated_at": millis(minute),
    })
}

fn membership(run: &str, role: &str, minute: i64) -> Value {
    json!({
        "id": format!("orgmem_{run}"),
        "organization": organization(run, 4),
        "public_user_data": { "user_id": format!("user_{run}Ada") },
        "role": role,
        "updated_at": millis(minute),
    })
}

/// A minute of the demonstration, in 2026.
fn millis(minute: i64) -> i64 {
    1_767_225_600_000 + minute * 60_000
}

/// Prints only the demonstration's own rows, since the database may be a real one.
async fn print_rows(database: &Database, run: &str) -> Result<(), Box<dyn Error>> {
    for table in TABLES {
        let own_columns = table.columns.join(", ");
        println!(
            "\n{} (id, {own_columns}, updated_at, deleted_at)",
            table.name
        );
        for row in database.rows(table).await? {
            let is_of_this_run =
                |id: &Option<String>| id.as_ref().is_some_and(|id| id.contains(run));
            if !row.first().is_some_and(is_of_this_run) {
                continue;
            }
            let values: Vec<_> = row
                .iter()
                .map(|value| value.as_deref().unwrap_or("-"))
                .collect();
            println!("  {}", values.join("  "));
        }
    }
    Ok(())
}
