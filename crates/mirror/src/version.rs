//! The order of an object's versions.

use serde_json::{Map, Value};

use crate::schema::table::{VERSION_AT, VERSION_MESSAGE_ID, VERSION_SENT_AT};

/// Which of two states of an object is the newer one: a total order, by `at`, then `sent_at`, then `message_id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// The object's `updated_at`; if it has none, the event's timestamp; else 0.
    at: i64,
    /// The event's timestamp, else 0.
    sent_at: i64,
    message_id: String,
}

/// The last millisecond of the year 9999.
const END_OF_9999: i64 = 253_402_300_799_999;
/// A smaller number is in seconds, as in the core's `Timestamp`.
const SECONDS_BELOW: i64 = 100_000_000_000;

/// Where an object comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    sent_at: i64,
    message_id: String,
}

impl Origin {
    /// A page of the API: it ranks below every event with the same `updated_at`.
    #[cfg(feature = "backfill")]
    pub(crate) const API: Self = Self {
        sent_at: 0,
        message_id: String::new(),
    };

    /// An event with this timestamp in milliseconds.
    pub(crate) fn event(timestamp: Option<i64>, message_id: &str) -> Self {
        Self {
            sent_at: timestamp
                .filter(|millis| is_storable(*millis))
                .unwrap_or_default(),
            // Postgres keeps no NUL.
            message_id: message_id.replace('\0', "\u{fffd}"),
        }
    }

    /// The version of an object with this `updated_at`.
    pub(crate) fn version(&self, updated_at: Option<i64>) -> Version {
        Version {
            at: updated_at.unwrap_or(self.sent_at),
            sent_at: self.sent_at,
            message_id: self.message_id.clone(),
        }
    }
}

impl Version {
    /// Later than every object's: the version of a deletion.
    pub(crate) const FINAL_AT: i64 = i64::MAX;

    pub(crate) fn write_to(&self, row: &mut Map<String, Value>) {
        row.insert(VERSION_AT.to_owned(), self.at.into());
        row.insert(VERSION_SENT_AT.to_owned(), self.sent_at.into());
        row.insert(
            VERSION_MESSAGE_ID.to_owned(),
            self.message_id.clone().into(),
        );
    }
}

/// A timestamp of Clerk's in milliseconds: the years 1970 to 9999, which every database and client can read.
pub(crate) fn millis(number: i64) -> Option<i64> {
    let millis = match number {
        0..SECONDS_BELOW => number * 1_000,
        millis => millis,
    };
    Some(millis).filter(|millis| is_storable(*millis))
}

fn is_storable(millis: i64) -> bool {
    (0..=END_OF_9999).contains(&millis)
}
