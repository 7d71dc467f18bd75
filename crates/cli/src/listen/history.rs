//! [`History`]: the last deliveries.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::broadcast;

use super::received::{Outcome, Received, Summary};

const MAX_DELIVERIES: usize = 1_000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What a delivery needs beside its body and headers.
const OVERHEAD_BYTES: usize = 4_096;

/// How many outcomes of replays are kept of a delivery.
const MAX_REPLAYS: usize = 20;

/// How many news a slow reader may be late. It then begins anew.
const MAX_NEWS: usize = 256;

/// The last 1,000 deliveries, or the last 64 MiB of them.
#[derive(Debug)]
pub(crate) struct History {
    kept: Mutex<Kept>,
    news: broadcast::Sender<Bytes>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    bytes: usize,
    next_number: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    received: Arc<Received>,
    replayed: Vec<Outcome>,
}

/// What the page is told of a delivery.
#[derive(Serialize)]
struct Row<'a> {
    number: u64,
    #[serde(flatten)]
    summary: &'a Summary,
    replayed: &'a [Outcome],
    /// Deliveries with lower numbers are forgotten.
    oldest: u64,
}

impl Default for History {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            news: broadcast::channel(MAX_NEWS).0,
        }
    }
}

impl History {
    /// Keeps a delivery and forgets old ones.
    pub(crate) fn add(&self, received: Arc<Received>) {
        let mut kept = self.kept();
        let number = kept.next_number;
        kept.next_number += 1;
        kept.bytes += bytes(&received);
        kept.entries.push_back(Entry {
            number,
            received,
            replayed: Vec::new(),
        });
        kept.forget_old_ones();
        self.announce(&kept, number);
    }

    /// Remembers how a replay ended.
    pub(super) fn add_replay(&self, number: u64, outcome: Outcome) {
        let mut kept = self.kept();
        if let Some(place) = kept.place(number)
            && let Some(entry) = kept.entries.get_mut(place)
        {
            if entry.replayed.len() == MAX_REPLAYS {
                entry.replayed.remove(0);
            }
            entry.replayed.push(outcome);
            self.announce(&kept, number);
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<Arc<Received>> {
        let kept = self.kept();
        let entry = kept.entries.get(kept.place(number)?)?;
        Some(entry.received.clone())
    }

    /// All deliveries, the oldest first.
    pub(super) fn all(&self) -> Vec<(u64, Arc<Received>)> {
        let pair = |entry: &Entry| (entry.number, entry.received.clone());
        self.kept().entries.iter().map(pair).collect()
    }

    /// All rows as a JSON array, and every row that is new or changed from then on.
    pub(super) fn follow(&self) -> (String, broadcast::Receiver<Bytes>) {
        let kept = self.kept();
        let rows: Vec<_> = kept.entries.iter().map(|entry| kept.row(entry)).collect();
        let rows = serde_json::to_string(&rows).unwrap_or_else(|_| "[]".to_owned());
        (rows, self.news.subscribe())
    }

    fn announce(&self, kept: &Kept, number: u64) {
        let entry = kept.place(number).and_then(|place| kept.entries.get(place));
        if let Some(entry) = entry
            && let Ok(row) = serde_json::to_string(&kept.row(entry))
        {
            // An error says that no page is open.
            let _ = self.news.send(row.into());
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn forget_old_ones(&mut self) {
        while self.entries.len() > MAX_DELIVERIES || self.bytes > MAX_BYTES {
            let Some(entry) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= bytes(&entry.received);
        }
    }

    fn oldest(&self) -> u64 {
        self.entries
            .front()
            .map_or(self.next_number, |entry| entry.number)
    }

    /// Where in `entries` the delivery with this number is: their numbers have no gaps.
    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.oldest())?).ok()
    }

    fn row<'a>(&self, entry: &'a Entry) -> Row<'a> {
        Row {
            number: entry.number,
            summary: &entry.received.summary,
            replayed: &entry.replayed,
            oldest: self.oldest(),
        }
    }
}

fn bytes(received: &Received) -> usize {
    let headers = received.delivery.headers.iter();
    let headers: usize = headers.map(|(name, value)| name.len() + value.len()).sum();
    received.delivery.body.len() + headers + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use clerk_webhooks::Verifier;

    use super::*;
    use crate::{capture::CapturedDelivery, secret::SecretText};

    fn received(body_bytes: usize) -> Arc<Received> {
        let secret = SecretText::new("SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let verifier = Verifier::new(secret.parse().unwrap());
        let delivery = CapturedDelivery::new(Vec::new(), vec![b' '; body_bytes]);
        let judged = verifier.check_header_pairs(&delivery.headers).unwrap_err();
        let summary = Summary::new(&delivery, &Err(judged.into()));
        Arc::new(Received { delivery, summary })
    }

    fn numbers(history: &History) -> Vec<u64> {
        history
            .all()
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn the_last_thousand_are_kept() {
        let history = History::default();
        for _ in 0..MAX_DELIVERIES + 3 {
            history.add(received(1));
        }
        assert_eq!(numbers(&history), (3..1_003).collect::<Vec<_>>());
        assert!(history.get(2).is_none() && history.get(1_003).is_none());
        assert!(history.get(3).is_some() && history.get(1_002).is_some());
    }

    #[test]
    fn large_ones_are_forgotten_sooner() {
        let history = History::default();
        for _ in 0..100 {
            history.add(received(2_000_000));
        }
        let kept = numbers(&history);
        assert_eq!((kept.len(), kept.last()), (33, Some(&99)));
        assert!(history.kept().bytes <= MAX_BYTES);
    }

    #[tokio::test]
    async fn a_reader_is_told_what_was_there_and_what_is_new() {
        let history = History::default();
        history.add(received(1));
        let (rows, mut news) = history.follow();
        assert!(
            rows.starts_with(r#"[{"number":0,"type":"received""#),
            "{rows}"
        );
        history.add(received(1));
        let outcome = Outcome {
            status: Some(204),
            latency_ms: 1.0,
            error: None,
        };
        for _ in 0..MAX_REPLAYS + 5 {
            history.add_replay(0, outcome.clone());
        }
        let row = news.recv().await.unwrap();
        assert!(row.starts_with(br#"{"number":1,"#), "{row:?}");
        let row: serde_json::Value = serde_json::from_slice(&news.recv().await.unwrap()).unwrap();
        assert_eq!(
            (&row["number"], &row["replayed"][0]["status"]),
            (&0.into(), &204.into())
        );
        assert_eq!(history.kept().entries[0].replayed.len(), MAX_REPLAYS);
        history.add_replay(7, outcome);
    }
}
