//! What `--once` delivers and prints.

use std::{error::Error, net::SocketAddr};

use clerk_webhooks::{
    SigningSecret, VerifiedClerkEvent,
    event::Timestamp,
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_mirror::Change;
use sqlx::SqlitePool;

use crate::{
    posts,
    support::{deliver, demonstration::ROUTE, demonstration::expect},
};

/// Ada arrives out of order and twice, Bob leaves. They are the same users in every run.
pub(crate) async fn show(
    address: SocketAddr,
    secret: &SigningSecret,
    pool: &SqlitePool,
) -> Result<(), Box<dyn Error>> {
    for (title, author) in [
        ("On engines", "user_2syncAda"),
        ("On leaving", "user_2syncBob"),
    ] {
        let post = "insert into posts (title, author_id) values ($1, $2) on conflict do nothing";
        sqlx::query(post)
            .bind(title)
            .bind(author)
            .execute(pool)
            .await?;
    }
    let at = |minute: i64| Timestamp::from_millis(1_767_225_600_000 + minute * 60_000);
    let ada = |name: &str, minute| {
        let name = Some(name.to_owned());
        move |user: &mut clerk_webhooks::event::User| {
            user.id = "user_2syncAda".to_owned();
            user.first_name = name;
            user.updated_at = Some(at(minute));
        }
    };
    let joins = fixtures::user_created().with(ada("Ada", 1)).to_json();
    let renamed = fixtures::user_updated().with(ada("Augusta", 3)).to_json();
    let late = fixtures::user_updated().with(ada("A.", 2)).to_json();
    let bob_leaves = fixtures::user_deleted().id("user_2syncBob").to_json();
    let bob_joins = fixtures::user_created().id("user_2syncBob").to_json();
    let events = [
        ("msg_renamed", &renamed),
        ("msg_renamed", &renamed),
        ("msg_joins", &joins),
        ("msg_late", &late),
        ("msg_bob_leaves", &bob_leaves),
        ("msg_bob_joins", &bob_joins),
    ];
    for (message_id, event) in events {
        let delivery = SignedRequest::new(secret, event.clone()).with_message_id(message_id);
        expect(deliver(address, ROUTE, &delivery).await?.status, 200)?;
    }
    println!("\nposts (title, author, credits)");
    for (title, author, credits) in posts(pool).await? {
        let author = author.as_deref().unwrap_or("(gone)");
        println!("  {title}  {author}  {}", credits.unwrap_or_default());
    }
    Ok(())
}

pub(crate) fn print(event: &VerifiedClerkEvent, change: &Change) {
    let change = match change {
        Change::Inserted => "inserted",
        Change::Updated { .. } => "updated",
        Change::Deleted => "deleted",
        Change::Stale => "stale",
        _ => "ignored",
    };
    let (event_type, object) = (event.event_type(), event.object_id().unwrap_or("-"));
    println!("{event_type:<16} {object:<16} {change}");
}
