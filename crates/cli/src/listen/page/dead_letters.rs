//! Dead letters on the page.

use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Problem, json};
use crate::{
    percent,
    queue::{DeadLetter, OpenQueue},
};

/// The page shows so many. When some are requeued or dropped, the next ones follow.
const MAX_LETTERS: u32 = 200;

#[derive(Deserialize)]
pub(super) struct Ids {
    ids: Vec<String>,
}

#[derive(Serialize)]
struct Letter<'a> {
    message_id: &'a str,
    error: &'a str,
    attempts: u32,
    crashes: u32,
    died_at_ms: u128,
    event_type: Option<String>,
}

impl<'a> Letter<'a> {
    fn new(letter: &'a DeadLetter) -> Self {
        let since_1970 = letter.died_at().duration_since(UNIX_EPOCH);
        Self {
            message_id: letter.message_id(),
            error: letter.error(),
            attempts: letter.attempts(),
            crashes: letter.crashes(),
            died_at_ms: since_1970.unwrap_or_default().as_millis(),
            event_type: letter.event().and_then(|event| text(&event, "type")),
        }
    }
}

fn text(event: &Value, field: &str) -> Option<String> {
    Some(event.get(field)?.as_str()?.to_owned())
}

pub(super) async fn list(queue: &OpenQueue) -> Result<Answer, Problem> {
    let letters = queue.dead_letters(None, MAX_LETTERS).await?;
    let letters: Vec<_> = letters.iter().map(Letter::new).collect();
    json(&json!({ "counts": queue.counts().await?, "letters": letters }))
}

/// `id`: a slash and the message id, percent-encoded.
pub(super) async fn show(queue: &OpenQueue, id: &str) -> Result<Answer, Problem> {
    let id = percent::decode(id.trim_start_matches('/').as_bytes(), false);
    let letter = queue.dead_letter(&String::from_utf8_lossy(&id)).await?;
    let gone = "this dead letter is gone: it was requeued or dropped";
    let letter = letter.ok_or(Problem::not_found(gone))?;
    let body = letter.event().map_or_else(
        || String::from_utf8_lossy(letter.stored()).into_owned(),
        |event| event.to_string(),
    );
    json(&json!({ "letter": Letter::new(&letter), "body": body }))
}

/// Lets them run again.
pub(super) async fn requeue(queue: &OpenQueue, Ids { ids }: Ids) -> Result<Answer, Problem> {
    let mut done = 0;
    for id in &ids {
        done += usize::from(queue.requeue(id).await?);
    }
    json(&json!({ "done": done, "gone": ids.len() - done }))
}

/// Deletes them.
pub(super) async fn drop(queue: &OpenQueue, Ids { ids }: Ids) -> Result<Answer, Problem> {
    let mut done = 0;
    for id in &ids {
        done += usize::from(queue.drop(id).await?);
    }
    json(&json!({ "done": done, "gone": ids.len() - done }))
}
