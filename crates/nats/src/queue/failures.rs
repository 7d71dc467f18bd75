//! The record of what became of an event's deliveries.

use std::time::{Duration, SystemTime};

use async_nats::{
    HeaderMap,
    jetstream::stream::{DeleteMessageError, LastRawMessageErrorKind},
};
use clerk_webhooks::BoxError;
use serde::{Deserialize, Serialize};

use super::queue::{Queue, millis_since_1970};

/// What is known of an event up to one of its deliveries.
///
/// The server counts deliveries, which survives every process. But it counts an attempt that failed, one that was
/// postponed and one whose worker crashed alike. So the worker records the first two here: crashes are the remainder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Failures {
    /// The number of the delivery that ended with this record, from 1.
    pub(super) delivered: u64,
    /// The attempts that began, including those that crashed.
    pub(super) attempts: u32,
    pub(super) crashes: u32,
    /// When it may run again: milliseconds since 1970.
    due_at: u64,
    /// The sequence of the record in its stream; zero when there is none.
    #[serde(skip)]
    pub(super) record: u64,
}

impl Failures {
    /// What is known when the event is delivered for this time: each delivery since the record has crashed.
    pub(super) fn at(self, delivered: u64) -> Self {
        let crashed = delivered.saturating_sub(self.delivered).saturating_sub(1);
        let crashed = u32::try_from(crashed).unwrap_or(u32::MAX);
        Self {
            delivered,
            attempts: self.attempts.saturating_add(crashed),
            crashes: self.crashes.saturating_add(crashed),
            ..self
        }
    }

    pub(super) fn with_attempt(self) -> Self {
        Self {
            attempts: self.attempts.saturating_add(1),
            ..self
        }
    }

    pub(super) fn with_pause(self, pause: Duration) -> Self {
        let now = millis_since_1970(SystemTime::now());
        let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        Self {
            due_at: now.saturating_add(pause),
            ..self
        }
    }

    pub(super) fn with_not_before(self, not_before: u64) -> Self {
        Self {
            due_at: self.due_at.max(not_before),
            ..self
        }
    }

    /// Zero when it is due.
    pub(super) fn due_in(&self) -> Duration {
        let now = millis_since_1970(SystemTime::now());
        Duration::from_millis(self.due_at.saturating_sub(now))
    }
}

/// The record of each event, under its sequence in the stream of events.
impl Queue {
    pub(super) async fn failures_of(&self, sequence: u64) -> Result<Failures, BoxError> {
        let subject = self.failures_subject(sequence);
        match self
            .failures
            .get_last_raw_message_by_subject(&subject)
            .await
        {
            Ok(message) => Ok(Failures {
                record: message.sequence,
                ..serde_json::from_slice(&message.payload)?
            }),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                Ok(Failures::default())
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn record_failures(
        &self,
        sequence: u64,
        failures: Failures,
    ) -> Result<(), BoxError> {
        let subject = self.failures_subject(sequence);
        let payload = serde_json::to_vec(&failures)?;
        let stored = self.publish((&self.failures, &subject), HeaderMap::new(), payload.into());
        stored.await?;
        Ok(())
    }

    /// Not by a purge of the record's subject: a server of a cluster before 2.9.18 that restarts may then drop all records.
    pub(super) async fn forget_failures(&self, record: u64) -> Result<(), DeleteMessageError> {
        self.failures.delete_message(record).await.map(drop)
    }

    fn failures_subject(&self, sequence: u64) -> String {
        format!("{}.{}.{sequence}", self.streams.failures(), self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_recorded_has_crashed() {
        let first = Failures::default().at(1);
        assert_eq!((first.attempts, first.crashes), (0, 0));
        let third = Failures::default().at(3);
        assert_eq!((third.attempts, third.crashes), (2, 2));

        let failed = first.with_attempt().with_pause(Duration::ZERO);
        let next = failed.at(2);
        assert_eq!((next.attempts, next.crashes), (1, 0));
        let after_a_crash = failed.at(3);
        assert_eq!((after_a_crash.attempts, after_a_crash.crashes), (2, 1));

        let postponed = after_a_crash.with_pause(Duration::ZERO);
        assert_eq!((postponed.at(4).attempts, postponed.at(4).crashes), (2, 1));
    }

    #[test]
    fn a_server_that_forgot_deliveries_takes_no_attempt_back() {
        let failed = Failures::default().at(7).with_attempt();
        assert_eq!((failed.attempts, failed.at(2).attempts), (7, 7));
        assert_eq!(failed.at(2).delivered, 2);
    }

    #[test]
    fn it_is_due_after_its_pause() {
        let waits = Failures::default()
            .with_pause(Duration::from_secs(60))
            .due_in();
        assert!(Duration::from_secs(50) < waits && waits <= Duration::from_secs(60));
        assert_eq!(Failures::default().due_in(), Duration::ZERO);
        assert!(Failures::default().with_not_before(u64::MAX).due_in() > Duration::from_secs(60));
    }
}
