//! What a store has to do, and nothing more.

use std::{fmt, sync::Arc, time::Duration};

use crate::BoxError;

/// Where claims live: in memory, in a database, in Redis.
///
/// A whole one of your own, for a single process:
///
/// ```
/// use std::{
///     collections::HashMap,
///     convert::Infallible,
///     sync::{Arc, Mutex, MutexGuard},
///     time::{Duration, Instant},
/// };
///
/// use clerk_webhooks::idempotency::{Claim, ClaimToken, IdempotencyStore, MessageKey, Outcome};
///
/// #[derive(Clone, Default)]
/// struct MyStore(Arc<Mutex<HashMap<MessageKey, Entry>>>);
///
/// struct Entry {
///     state: State,
///     expires: Instant,
/// }
///
/// #[derive(PartialEq)]
/// enum State {
///     HeldBy(ClaimToken),
///     Completed(Outcome),
/// }
///
/// /// Leases and retentions may be of any length, an `Instant` may not.
/// const A_CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
///
/// impl MyStore {
///     fn entries(&self) -> MutexGuard<'_, HashMap<MessageKey, Entry>> {
///         self.0.lock().unwrap()
///     }
/// }
///
/// impl IdempotencyStore for MyStore {
///     type Error = Infallible;
///
///     async fn claim(
///         &self,
///         key: &MessageKey,
///         token: ClaimToken,
///         lease: Duration,
///     ) -> Result<Claim, Infallible> {
///         let (mut entries, now) = (self.entries(), Instant::now());
///         match entries.get(key).filter(|entry| now < entry.expires).map(|entry| &entry.state) {
///             Some(State::HeldBy(holder)) if *holder != token => return Ok(Claim::InProgress),
///             Some(State::Completed(outcome)) => return Ok(Claim::Completed(*outcome)),
///             _ => {}
///         }
///         let state = State::HeldBy(token);
///         entries.insert(key.clone(), Entry { state, expires: now + lease.min(A_CENTURY) });
///         Ok(Claim::Claimed)
///     }
///
///     async fn extend(
///         &self,
///         key: &MessageKey,
///         token: ClaimToken,
///         lease: Duration,
///     ) -> Result<bool, Infallible> {
///         let (mut entries, now) = (self.entries(), Instant::now());
///         let held = entries.get_mut(key).filter(|entry| entry.state == State::HeldBy(token));
///         let held = held.filter(|entry| now < entry.expires);
///         Ok(held.map(|entry| entry.expires = now + lease.min(A_CENTURY)).is_some())
///     }
///
///     async fn complete(
///         &self,
///         key: &MessageKey,
///         outcome: Outcome,
///         retention: Duration,
///     ) -> Result<(), Infallible> {
///         let state = State::Completed(outcome);
///         let expires = Instant::now() + retention.min(A_CENTURY);
///         self.entries().insert(key.clone(), Entry { state, expires });
///         Ok(())
///     }
///
///     async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, Infallible> {
///         let mut entries = self.entries();
///         let is_held = entries.get(key).is_some_and(|entry| entry.state == State::HeldBy(token));
///         Ok(is_held && entries.remove(key).is_some())
///     }
///
///     async fn forget(&self, key: &MessageKey) -> Result<bool, Infallible> {
///         let mut entries = self.entries();
///         let completed = |entry: &Entry| matches!(entry.state, State::Completed(_));
///         Ok(entries.get(key).is_some_and(completed) && entries.remove(key).is_some())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // In a test, with feature `testing`; it takes about three seconds.
/// clerk_webhooks::testing::idempotency_store::check(MyStore::default()).await;
/// # }
/// ```
///
/// (A store for production also removes what has expired: this one grows for ever.)
///
/// # What every store must hold
///
/// - [`claim`](Self::claim) is atomic: of any number of callers at once, in any number of processes, one
///   gets [`Claim::Claimed`]. There is no default for it, nor for any other method: a wrong one would
///   lose events.
/// - Time is the store's own where it has a server, so that clocks of several machines need not agree.
/// - Durations are rounded up to what the store can keep, never down to nothing. Any is taken, up to
///   [`Duration::MAX`]; one that is too long for the store is as long as the store can keep.
/// - An error means *unknown*: the caller must assume that it may have happened. So does a future that is
///   dropped, as the layer does when its store timeout is over: what it had sent may still be carried out,
///   but nothing may be left half done. The layer then releases the claim, again and again until the answer
///   is `true` or the lease is over, since a release may overtake the claim.
///
/// With feature `testing`, `testing::idempotency_store` holds the suite that all stores of this
/// project pass, and the one above; run it against yours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `IdempotencyStore`",
    label = "this cannot keep claims",
    note = "use `idempotency::MemoryStore`, a store of `clerk-webhooks-sqlx` or `clerk-webhooks-redis`, \
            or implement `IdempotencyStore`: its documentation opens with a whole one"
)]
pub trait IdempotencyStore: Send + Sync + 'static {
    /// What goes wrong: connections, mostly. It is logged with its sources, never sent.
    type Error: Into<BoxError> + Send;

    /// Takes the message for `token`, unless another token holds it or it is completed. Atomic.
    ///
    /// A claim can be repeated: for the token that holds the message it is [`Claim::Claimed`] again. Whether
    /// its lease then begins anew is up to the store.
    ///
    /// The claim ends by itself when `lease` runs out without being extended: its holder has crashed,
    /// and a later delivery may run. A completed message is claimable again when its retention is over.
    fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, Self::Error>> + Send;

    /// Makes the claim last for another `lease` from now.
    ///
    /// `false` when `token` does not hold it any more: the lease ran out, whether or not another has
    /// claimed it since, or the message was completed.
    fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Records how the message's work ended, and keeps that for `retention`.
    ///
    /// This is a fact, whoever holds the claim: it takes no token, ends any claim, and replaces an earlier
    /// outcome.
    fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Gives the claim back, so that the next delivery may run at once.
    ///
    /// `false`, and nothing changes, when `token` does not hold it: another's claim and a completed
    /// message stay as they are. For a claim whose lease ran out, and which nobody took since, either will
    /// do.
    fn release(
        &self,
        key: &MessageKey,
        token: ClaimToken,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Forgets that the message was completed, so that a manual resend runs again.
    ///
    /// `false` when it was not completed; a claim that is in progress is left alone.
    fn forget(&self, key: &MessageKey) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// A shared store is a store.
impl<S: IdempotencyStore> IdempotencyStore for Arc<S> {
    type Error = S::Error;

    async fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<Claim, S::Error> {
        S::claim(self, key, token, lease).await
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, S::Error> {
        S::extend(self, key, token, lease).await
    }

    async fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> Result<(), S::Error> {
        S::complete(self, key, outcome, retention).await
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, S::Error> {
        S::release(self, key, token).await
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, S::Error> {
        S::forget(self, key).await
    }
}

/// What deduplication is based on: a message id, and the endpoint that got it.
///
/// The scope separates endpoints that share a store: each gets the same message under the same id, and each
/// has its own work to do for it.
///
/// ```
/// use clerk_webhooks::idempotency::MessageKey;
///
/// let key = MessageKey::new("billing", "msg_2b1k");
/// assert_eq!((key.scope(), key.message_id()), ("billing", "msg_2b1k"));
/// assert_ne!(key, MessageKey::new("users", "msg_2b1k"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageKey {
    scope: Arc<str>,
    message_id: Arc<str>,
}

impl MessageKey {
    /// The message `message_id` (header `svix-id`: 1 to 256 bytes of visible ASCII without dots) in
    /// `scope`, the text given to the layer.
    #[must_use]
    pub fn new(scope: impl Into<Arc<str>>, message_id: impl Into<Arc<str>>) -> Self {
        Self {
            scope: scope.into(),
            message_id: message_id.into(),
        }
    }

    /// The endpoint's name.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The message's id.
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }
}

/// The result of an attempt to claim a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The token holds the message: extend, complete or release it.
    Claimed,
    /// Another token holds it; its holder is running, or crashed less than a lease ago.
    InProgress,
    /// Its work has ended.
    Completed(Outcome),
}

/// How a message's work ended. Anything else may be tried again, and is not recorded.
///
/// ```
/// use clerk_webhooks::idempotency::Outcome;
///
/// assert_eq!(Outcome::PermanentlyFailed.as_str(), "permanently_failed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Duplicates are answered 200.
    Succeeded,
    /// It would fail every time. Duplicates are answered 422 with `webhook-delivery: abort-message`.
    PermanentlyFailed,
}

impl Outcome {
    /// Its name in stores: `succeeded` or `permanently_failed`. No [`ClaimToken`] looks like that.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::PermanentlyFailed => "permanently_failed",
        }
    }

    /// The outcome of this name.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::Outcome;
    ///
    /// assert_eq!(Outcome::from_name("succeeded"), Some(Outcome::Succeeded));
    /// assert_eq!(Outcome::from_name("0011223344556677"), None);
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let known = [Self::Succeeded, Self::PermanentlyFailed];
        known.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Tells one claim of a message from the next, so that a holder whose lease ran out cannot change its
/// successor's claim.
///
/// A random number of 64 bits; not a secret. Its text is 16 hexadecimal digits:
///
/// ```
/// use clerk_webhooks::idempotency::ClaimToken;
///
/// let token = ClaimToken::random();
/// assert_ne!(token, ClaimToken::random());
/// assert_eq!(token.to_string().len(), 16);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimToken(u64);

impl ClaimToken {
    /// A token for a new claim.
    #[must_use]
    pub fn random() -> Self {
        Self(fastrand::u64(..))
    }
}

impl fmt::Display for ClaimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
