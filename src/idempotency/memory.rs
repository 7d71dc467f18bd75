//! Claims in the memory of this process.

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tracing::warn;

use super::store::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};

/// About 30 MB, with ids as long as Svix' ids.
const DEFAULT_CAPACITY: usize = 100_000;
/// The shortest time between two searches of a full store for expired claims.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);
/// The shortest time between two warnings that the store is too small.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);

/// Keeps claims in memory, for a single process. A restart loses them all, so a message that is delivered
/// again after a restart runs again.
///
/// The store holds a bounded number of messages: 100,000 unless set. When it is full, a new message evicts the
/// one that was completed longest ago. [`evicted`](Self::evicted) counts evictions, and a warning is logged at
/// most once a minute. A message in progress is never evicted. When all messages are in progress, a new claim
/// is an error, and the layer answers 503.
///
/// Nothing runs in the background. Each new claim removes a few expired messages, in the order of their
/// completion. The others are removed at the latest when the store is full.
///
/// The store uses a monotonic clock, so changes to the machine's clock have no effect. Clones share their
/// contents.
///
/// ```
/// use clerk_webhooks::idempotency::{IdempotencyLayer, MemoryStore};
///
/// let store = MemoryStore::new().with_capacity(1_000_000);
/// let idempotency = IdempotencyLayer::new(store.clone(), "users");
/// assert_eq!((store.len(), store.evicted()), (0, 0));
/// # let _ = idempotency;
/// ```
#[derive(Debug, Clone)]
pub struct MemoryStore {
    table: Arc<Mutex<Table>>,
}

impl MemoryStore {
    /// An empty store for at most 100,000 messages.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::MemoryStore;
    ///
    /// assert!(MemoryStore::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: Arc::new(Mutex::new(Table::new(DEFAULT_CAPACITY))),
        }
    }

    /// How many messages the store holds at most, in progress and completed together; at least one. A message
    /// takes about 300 bytes.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::MemoryStore;
    ///
    /// // About 300 MB when it is full.
    /// let store = MemoryStore::new().with_capacity(1_000_000);
    /// # assert!(format!("{store:?}").contains("capacity: 1000000"));
    /// ```
    #[must_use]
    pub fn with_capacity(self, messages: usize) -> Self {
        self.table().capacity = messages.max(1);
        self
    }

    /// How many messages the store holds, in progress and completed. Some of them may have expired.
    ///
    /// ```
    /// # use std::time::Duration;
    /// #
    /// # use clerk_webhooks::idempotency::{IdempotencyStore as _, MemoryStore, MessageKey, Outcome, StoreFull};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreFull> {
    /// # let hour = Duration::from_secs(3_600);
    /// let store = MemoryStore::new();
    /// store.complete(&MessageKey::new("users", "msg_1"), Outcome::Succeeded, hour).await?;
    /// assert_eq!(store.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.table().entries.len()
    }

    /// Whether the store holds no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many completed messages were evicted before their retention ended. An evicted message runs again if
    /// it is delivered again. If this is not zero, raise the capacity.
    ///
    /// ```
    /// # use std::time::Duration;
    /// #
    /// # use clerk_webhooks::idempotency::{IdempotencyStore as _, MemoryStore, MessageKey, Outcome, StoreFull};
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreFull> {
    /// # let hour = Duration::from_secs(3_600);
    /// let store = MemoryStore::new().with_capacity(1);
    /// for message_id in ["msg_1", "msg_2"] {
    ///     let key = MessageKey::new("users", message_id);
    ///     store.complete(&key, Outcome::Succeeded, hour).await?;
    /// }
    /// assert_eq!((store.len(), store.evicted()), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.table().evicted
    }

    /// A poisoned lock is safe to use: nothing under it panics between two changes that belong together.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl IdempotencyStore for MemoryStore {
    type Error = StoreFull;

    async fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<Claim, StoreFull> {
        self.table().claim(key, token, lease, Instant::now())
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, StoreFull> {
        Ok(self.table().extend(key, token, lease, Instant::now()))
    }

    async fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> Result<(), StoreFull> {
        let now = Instant::now();
        self.table().complete(key, outcome, retention, now);
        Ok(())
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, StoreFull> {
        Ok(self.table().release(key, token))
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, StoreFull> {
        Ok(self.table().forget(key))
    }
}

/// The error of a [`MemoryStore`] whose whole capacity is taken by messages in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreFull {
    capacity: usize,
}

impl fmt::Display for StoreFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "all {} messages of the memory store are in progress; raise `with_capacity`, or find out \
             why handlers do not end",
            self.capacity
        )
    }
}

impl Error for StoreFull {}

#[derive(Debug)]
struct Table {
    capacity: usize,
    entries: HashMap<MessageKey, Entry>,
    /// The completed messages, in the order of their completion.
    completed: BTreeMap<u64, MessageKey>,
    next_place: u64,
    evicted: u64,
    swept: Option<Instant>,
    warned: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    expires: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Held(ClaimToken),
    Completed { outcome: Outcome, place: u64 },
}

impl Table {
    fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: HashMap::new(),
            completed: BTreeMap::new(),
            next_place: 0,
            evicted: 0,
            swept: None,
            warned: None,
        }
    }

    fn claim(
        &mut self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
        now: Instant,
    ) -> Result<Claim, StoreFull> {
        self.remove_oldest_if_expired(now);
        let current = self.entries.get(key).filter(|entry| now < entry.expires);
        match current.map(|entry| entry.state) {
            Some(State::Held(holder)) if holder == token => return Ok(Claim::Claimed),
            Some(State::Held(_)) => return Ok(Claim::InProgress),
            Some(State::Completed { outcome, .. }) => return Ok(Claim::Completed(outcome)),
            None => self.remove(key),
        };
        self.make_room(now)?;
        let entry = Entry {
            state: State::Held(token),
            expires: after(now, lease),
        };
        self.entries.insert(key.clone(), entry);
        Ok(Claim::Claimed)
    }

    fn extend(
        &mut self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
        now: Instant,
    ) -> bool {
        match self.entries.get_mut(key) {
            Some(entry) if entry.state == State::Held(token) && now < entry.expires => {
                entry.expires = after(now, lease);
                true
            }
            _ => false,
        }
    }

    fn complete(&mut self, key: &MessageKey, outcome: Outcome, retention: Duration, now: Instant) {
        self.remove(key);
        let place = self.next_place;
        self.next_place += 1;
        let entry = Entry {
            state: State::Completed { outcome, place },
            expires: after(now, retention),
        };
        self.entries.insert(key.clone(), entry);
        self.completed.insert(place, key.clone());
        // A completion without a claim adds a message.
        if self.entries.len() > self.capacity {
            self.evict_oldest(now);
        }
    }

    fn release(&mut self, key: &MessageKey, token: ClaimToken) -> bool {
        let is_held = |entry: &Entry| entry.state == State::Held(token);
        self.entries.get(key).is_some_and(is_held) && self.remove(key)
    }

    fn forget(&mut self, key: &MessageKey) -> bool {
        let is_completed = |entry: &Entry| matches!(entry.state, State::Completed { .. });
        self.entries.get(key).is_some_and(is_completed) && self.remove(key)
    }

    fn remove(&mut self, key: &MessageKey) -> bool {
        let Some(entry) = self.entries.remove(key) else {
            return false;
        };
        if let State::Completed { place, .. } = entry.state {
            self.completed.remove(&place);
        }
        true
    }

    /// Removes up to two per claim. A claim adds one message, so expired messages become fewer without a long
    /// pause to remove them.
    fn remove_oldest_if_expired(&mut self, now: Instant) {
        for _ in 0..2 {
            let Some((_, key)) = self.completed.first_key_value() else {
                return;
            };
            let key = key.clone();
            if self
                .entries
                .get(&key)
                .is_some_and(|entry| now < entry.expires)
            {
                return;
            }
            self.remove(&key);
        }
    }

    fn make_room(&mut self, now: Instant) -> Result<(), StoreFull> {
        let capacity = self.capacity;
        if self.entries.len() < capacity || self.evict_oldest(now) {
            return Ok(());
        }
        // No completed message is left to evict, only claims. The holders of some may have crashed.
        if is_due(self.swept, BETWEEN_SWEEPS, now) {
            self.swept = Some(now);
            self.entries.retain(|_, entry| now < entry.expires);
        }
        if self.entries.len() < capacity {
            return Ok(());
        }
        Err(StoreFull { capacity })
    }

    fn evict_oldest(&mut self, now: Instant) -> bool {
        let Some((_, key)) = self.completed.pop_first() else {
            return false;
        };
        let evicted = self.entries.remove(&key);
        if evicted.is_some_and(|entry| now < entry.expires) {
            self.evicted += 1;
            self.warn_that_it_is_too_small(&key, now);
        }
        true
    }

    fn warn_that_it_is_too_small(&mut self, evicted: &MessageKey, now: Instant) {
        if is_due(self.warned, BETWEEN_WARNINGS, now) {
            self.warned = Some(now);
            warn!(
                target: "clerk_webhooks",
                message_id = evicted.message_id(),
                scope = evicted.scope(),
                capacity_messages = self.capacity,
                evicted_messages = self.evicted,
                "the memory store is full: it forgets completed messages, such as this one, before their \
                 retention is over, and a duplicate would run again; raise `with_capacity`"
            );
        }
    }
}

fn is_due(last: Option<Instant>, interval: Duration, now: Instant) -> bool {
    last.is_none_or(|last| interval <= now.duration_since(last))
}

/// A time that is too far ahead for the clock becomes a century from now.
fn after(now: Instant, duration: Duration) -> Instant {
    const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    now.checked_add(duration).unwrap_or(now + A_CENTURY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUCCEEDED: Claim = Claim::Completed(Outcome::Succeeded);
    const HOUR: Duration = Duration::from_secs(3600);

    fn key(number: usize) -> MessageKey {
        MessageKey::new("scope", format!("msg_{number}"))
    }

    fn claim(
        table: &mut Table,
        number: usize,
        lease: Duration,
        now: Instant,
    ) -> Result<Claim, StoreFull> {
        table.claim(&key(number), ClaimToken::random(), lease, now)
    }

    fn complete(table: &mut Table, number: usize, now: Instant) {
        table.complete(&key(number), Outcome::Succeeded, HOUR, now);
    }

    fn table(capacity: usize) -> (Table, Instant) {
        (Table::new(capacity), Instant::now())
    }

    #[test]
    fn a_full_table_evicts_what_was_completed_longest_ago() {
        let (mut table, now) = table(3);
        claim(&mut table, 0, HOUR, now).unwrap();
        for number in [2, 1] {
            claim(&mut table, number, HOUR, now).unwrap();
            complete(&mut table, number, now);
        }
        claim(&mut table, 3, HOUR, now).unwrap();
        assert_eq!((table.evicted, table.entries.len()), (1, 3));
        assert_eq!(claim(&mut table, 1, HOUR, now), Ok(SUCCEEDED));
        assert_eq!(claim(&mut table, 0, HOUR, now), Ok(Claim::InProgress));
        assert_eq!(claim(&mut table, 2, HOUR, now), Ok(Claim::Claimed));
    }

    #[test]
    fn a_table_full_of_claims_takes_no_more() {
        let (mut table, now) = table(2);
        claim(&mut table, 0, HOUR, now).unwrap();
        claim(&mut table, 1, 2 * HOUR, now).unwrap();
        let full = claim(&mut table, 2, HOUR, now).unwrap_err();
        assert!(full.to_string().starts_with("all 2 messages"), "{full}");
        assert_eq!(claim(&mut table, 1, HOUR, now), Ok(Claim::InProgress));
        // The holder of the first claim has crashed.
        assert!(claim(&mut table, 2, HOUR, now + HOUR).is_ok());
        assert_eq!(table.evicted, 0);
    }

    #[test]
    fn what_has_expired_is_removed_as_claims_come() {
        let (mut table, now) = table(1_000);
        for number in 0..100 {
            complete(&mut table, number, now);
        }
        for number in 100..150 {
            claim(&mut table, number, HOUR, now + HOUR).unwrap();
        }
        assert_eq!((table.entries.len(), table.completed.len()), (50, 0));
        assert_eq!(table.evicted, 0);
    }

    #[test]
    fn completions_alone_are_bounded_too() {
        let (mut table, now) = table(10);
        for number in 0..100 {
            complete(&mut table, number, now);
            complete(&mut table, number, now);
        }
        assert_eq!((table.entries.len(), table.completed.len()), (10, 10));
    }

    #[test]
    fn the_longest_durations_are_taken() {
        let (mut table, now) = table(10);
        claim(&mut table, 0, Duration::MAX, now).unwrap();
        table.complete(&key(1), Outcome::Succeeded, Duration::MAX, now);
        assert_eq!(claim(&mut table, 0, HOUR, now), Ok(Claim::InProgress));
        assert_eq!(claim(&mut table, 1, HOUR, now), Ok(SUCCEEDED));
    }
}
