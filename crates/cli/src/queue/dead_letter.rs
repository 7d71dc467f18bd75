//! [`DeadLetter`], of any engine.

use std::time::SystemTime;

use clerk_webhooks::queue::QueuedEvent;
use clerk_webhooks_nats::queue::DeadLetter as NatsLetter;
use clerk_webhooks_sqlx::queue::DeadLetter as SqlLetter;
use serde_json::Value;

/// An event that failed permanently, failed too often, or crashed its workers.
#[derive(Debug, Clone)]
pub(crate) enum DeadLetter {
    Sql(SqlLetter),
    Nats(NatsLetter),
}

/// The same expression for each engine.
macro_rules! of_engine {
    ($letter:expr, $engine:ident => $value:expr) => {
        match $letter {
            DeadLetter::Sql($engine) => $value,
            DeadLetter::Nats($engine) => $value,
        }
    };
}

impl DeadLetter {
    pub(crate) fn message_id(&self) -> &str {
        of_engine!(self, letter => &letter.message_id)
    }

    /// How many attempts began, including those that crashed.
    pub(crate) fn attempts(&self) -> u32 {
        of_engine!(self, letter => letter.attempts)
    }

    /// In how many attempts the worker crashed or lost its lease.
    pub(crate) fn crashes(&self) -> u32 {
        of_engine!(self, letter => letter.crashes)
    }

    /// The last failure.
    pub(crate) fn error(&self) -> &str {
        of_engine!(self, letter => &letter.error)
    }

    pub(crate) fn died_at(&self) -> SystemTime {
        of_engine!(self, letter => letter.died_at)
    }

    /// The event as Clerk sent it. `None` when what is stored is not an event in JSON.
    pub(crate) fn event(&self) -> Option<Value> {
        let event: QueuedEvent = of_engine!(self, letter => letter.event())?;
        serde_json::from_slice(event.raw_body()).ok()
    }

    /// What is stored, byte for byte.
    pub(crate) fn stored(&self) -> &[u8] {
        of_engine!(self, letter => letter.stored.as_ref())
    }
}

impl From<SqlLetter> for DeadLetter {
    fn from(letter: SqlLetter) -> Self {
        Self::Sql(letter)
    }
}

impl From<NatsLetter> for DeadLetter {
    fn from(letter: NatsLetter) -> Self {
        Self::Nats(letter)
    }
}

/// Of the engine that it came from; any other has no such place.
impl<'a> TryFrom<&'a DeadLetter> for &'a SqlLetter {
    type Error = ();

    fn try_from(letter: &'a DeadLetter) -> Result<Self, ()> {
        match letter {
            DeadLetter::Sql(letter) => Ok(letter),
            DeadLetter::Nats(_) => Err(()),
        }
    }
}

impl<'a> TryFrom<&'a DeadLetter> for &'a NatsLetter {
    type Error = ();

    fn try_from(letter: &'a DeadLetter) -> Result<Self, ()> {
        match letter {
            DeadLetter::Nats(letter) => Ok(letter),
            DeadLetter::Sql(_) => Err(()),
        }
    }
}
