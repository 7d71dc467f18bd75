//! What fails, is cut off, or comes at once.

use axum::http::StatusCode;
use clerk_webhooks::testing::fixtures;
use example_sync_users::{Database, TABLES, USERS};

use crate::{
    databases::{count, execute, rows, url},
    delivery::Endpoint,
};

on_both_databases! {
    what_fails_midway_leaves_nothing_behind,
    a_database_that_is_gone_is_answered_500,
    of_deliveries_at_once_one_does_the_work,
    processes_may_start_at_once,
}

/// Lets that share of all written rows fail, after they were written.
pub(crate) async fn fail_some(database: &Database, percent: u8) {
    match database {
        Database::Sqlite(_) => {
            for table in TABLES.map(|table| table.name) {
                for event in ["insert", "update"] {
                    let trigger = format!(
                        "create trigger fail_{table}_{event} after {event} on {table}
                         when abs(random()) % 100 < {percent}
                         begin select raise(abort, 'injected'); end"
                    );
                    execute(database, &trigger).await;
                }
            }
        }
        Database::Postgres(_) => {
            let function = format!(
                "create function fail_some() returns trigger language plpgsql as $$ begin
                     if random() * 100 < {percent} then raise exception 'injected'; end if;
                     return new;
                 end $$"
            );
            execute(database, &function).await;
            for table in TABLES.map(|table| table.name) {
                let trigger = format!(
                    "create trigger fail_some after insert or update on {table}
                     for each row execute function fail_some()"
                );
                execute(database, &trigger).await;
            }
        }
    }
}

/// Ends what [`fail_some`] began.
pub(crate) async fn fail_none(database: &Database) {
    for table in TABLES.map(|table| table.name) {
        let statements = match database {
            Database::Sqlite(_) => {
                format!("drop trigger fail_{table}_insert; drop trigger fail_{table}_update")
            }
            Database::Postgres(_) => format!("drop trigger fail_some on {table}"),
        };
        execute(database, &statements).await;
    }
}

async fn what_fails_midway_leaves_nothing_behind(database: Database) {
    let endpoint = Endpoint::new(database.clone());
    let body = fixtures::user_created().to_json();
    fail_some(&database, 100).await;
    for _ in 0..2 {
        let (status, _) = endpoint.deliver("msg_1", body.clone()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(count(&database, "users").await, 0);
        assert_eq!(count(&database, "clerk_inbox").await, 0);
    }
    fail_none(&database).await;
    let again = endpoint.deliver("msg_1", body.clone()).await;
    assert_eq!(again, (StatusCode::OK, "created".to_owned()));
    let once_more = endpoint.deliver("msg_1", body).await;
    assert_eq!(once_more, (StatusCode::OK, "duplicate".to_owned()));
}

async fn a_database_that_is_gone_is_answered_500(database: Database) {
    let endpoint = Endpoint::new(database.clone());
    database.close().await;
    let (status, text) = endpoint
        .deliver("msg_1", fixtures::user_created().to_json())
        .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text, "processing failed, please retry");
}

async fn of_deliveries_at_once_one_does_the_work(database: Database) {
    let endpoint = Endpoint::new(database.clone());
    let at_once: Vec<_> = (0..16)
        .map(|_| {
            let endpoint = endpoint.clone();
            let body = fixtures::user_created().to_json();
            tokio::spawn(async move { endpoint.deliver("msg_1", body).await.1 })
        })
        .collect();
    let mut done = Vec::new();
    for delivery in at_once {
        done.push(delivery.await.unwrap());
    }
    done.sort();
    assert_eq!(done[0], "created");
    assert_eq!(done[1..], vec!["duplicate"; 15]);
    assert_eq!(rows(&database, &USERS).await.len(), 1);
}

async fn processes_may_start_at_once(database: Database) {
    for table in TABLES {
        execute(&database, &format!("drop table {}", table.name)).await;
    }
    let url = url(&database).await;
    let starts: Vec<_> = (0..8)
        .map(|_| url.clone())
        .map(|url| tokio::spawn(async move { Database::connect(&url).await }))
        .collect();
    for start in starts {
        start.await.unwrap().unwrap().close().await;
    }
    assert_eq!(rows(&database, &USERS).await.len(), 0);
}
