//! The operations that a store implements.

use std::{fmt, sync::Arc, time::Duration};

use crate::BoxError;

/// Where claims live: in memory, in a database, in Redis.
///
/// A complete store of your own, for a single process:
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
/// (This store grows for ever. A store for production also removes expired entries.)
///
/// # What every store must guarantee
///
/// - [`claim`](Self::claim) is atomic. If any number of callers in any number of processes claim one message at
///   the same time, exactly one of them gets [`Claim::Claimed`]. No method has a default implementation, since a
///   wrong one would lose events.
/// - A store with a server uses the server's clock, so that the clocks of its clients need not agree.
/// - Durations are rounded up to the store's precision, never down to zero. Every duration up to
///   [`Duration::MAX`] is accepted. A duration that is too long becomes the longest that the store can keep.
/// - An error means that the result is *unknown*: the operation may have happened. A dropped future means the
///   same. The layer drops a future when its store timeout ends. An operation that was already sent may still be
///   carried out, but it must never be carried out in part.
///
/// When the result of a claim is unknown, the layer releases the claim. A release may reach the store before the
/// claim does, so the layer repeats it until the answer is `true` or the lease ends.
///
/// With feature `testing`, `testing::idempotency_store` has the test suite that the store above and all stores of
/// this project pass. Run it against yours.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `IdempotencyStore`",
    label = "this cannot keep claims",
    note = "use `idempotency::MemoryStore`, a store of `clerk-webhooks-sqlx` or `clerk-webhooks-redis`, \
            or implement `IdempotencyStore`: its documentation opens with a whole one"
)]
pub trait IdempotencyStore: Send + Sync + 'static {
    /// The store's error, such as a broken connection. It is logged with its sources, never sent to the caller.
    type Error: Into<BoxError> + Send;

    /// Claims the message for `token`, unless another token holds it or it is completed. Atomic.
    ///
    /// A claim can be repeated: the token that holds the message gets [`Claim::Claimed`] again. The store decides
    /// whether the repeated claim starts a new lease.
    ///
    /// The claim ends by itself when `lease` ends without being extended. Its holder is then considered crashed,
    /// and a later delivery can claim the message. A completed message can be claimed again when its retention
    /// ends.
    ///
    /// ```
    /// # use std::time::Duration;
    /// #
    /// # use clerk_webhooks::idempotency::{
    /// #     Claim, ClaimToken, IdempotencyStore as _, MemoryStore, MessageKey, StoreFull,
    /// # };
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreFull> {
    /// # let (store, key) = (MemoryStore::new(), MessageKey::new("users", "msg_1"));
    /// # let minute = Duration::from_secs(60);
    /// let (first, second) = (ClaimToken::random(), ClaimToken::random());
    /// assert_eq!(store.claim(&key, first, minute).await?, Claim::Claimed);
    /// assert_eq!(store.claim(&key, second, minute).await?, Claim::InProgress);
    /// # Ok(())
    /// # }
    /// ```
    fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> impl Future<Output = Result<Claim, Self::Error>> + Send;

    /// Makes the claim last for another `lease` from now.
    ///
    /// Returns `false` when `token` no longer holds the message: the lease has ended, or the message was
    /// completed. An ended lease is not extended, even if no other token has claimed the message since.
    ///
    /// ```
    /// # use std::time::Duration;
    /// #
    /// # use clerk_webhooks::idempotency::{
    /// #     ClaimToken, IdempotencyStore as _, MemoryStore, MessageKey, StoreFull,
    /// # };
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreFull> {
    /// # let (store, key) = (MemoryStore::new(), MessageKey::new("users", "msg_1"));
    /// # let minute = Duration::from_secs(60);
    /// let (holder, other) = (ClaimToken::random(), ClaimToken::random());
    /// store.claim(&key, holder, minute).await?;
    /// assert!(store.extend(&key, holder, minute).await?);
    /// assert!(!store.extend(&key, other, minute).await?);
    /// # Ok(())
    /// # }
    /// ```
    fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Records how the message's work ended, and keeps that outcome for `retention`.
    ///
    /// The outcome is recorded even when another token holds the claim, or none. So this takes no token, ends any
    /// claim on the message, and replaces an earlier outcome.
    ///
    /// ```
    /// # use std::time::Duration;
    /// #
    /// # use clerk_webhooks::idempotency::{
    /// #     Claim, ClaimToken, IdempotencyStore as _, MemoryStore, MessageKey, Outcome, StoreFull,
    /// # };
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreFull> {
    /// # let (store, key) = (MemoryStore::new(), MessageKey::new("users", "msg_1"));
    /// # let minute = Duration::from_secs(60);
    /// store.complete(&key, Outcome::Succeeded, minute).await?;
    /// let claim = store.claim(&key, ClaimToken::random(), minute).await?;
    /// assert_eq!(claim, Claim::Completed(Outcome::Succeeded));
    /// # Ok(())
    /// # }
    /// ```
    fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Releases the claim, so that the next delivery can run at once.
    ///
    /// Returns `false` and changes nothing when `token` does not hold the message: the claim of another token
    /// and a completed message stay as they are. If the lease of `token` has ended and no other token has claimed
    /// the message since, the store may return `true` or `false`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// #
    /// # use clerk_webhooks::idempotency::{
    /// #     Claim, ClaimToken, IdempotencyStore as _, MemoryStore, MessageKey, StoreFull,
    /// # };
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreFull> {
    /// # let (store, key) = (MemoryStore::new(), MessageKey::new("users", "msg_1"));
    /// # let minute = Duration::from_secs(60);
    /// let (first, second) = (ClaimToken::random(), ClaimToken::random());
    /// store.claim(&key, first, minute).await?;
    /// assert!(store.release(&key, first).await?);
    /// assert_eq!(store.claim(&key, second, minute).await?, Claim::Claimed);
    /// # Ok(())
    /// # }
    /// ```
    fn release(
        &self,
        key: &MessageKey,
        token: ClaimToken,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Forgets that the message was completed, so that a manual resend runs again.
    ///
    /// Returns `false` when the message was not completed. A claim in progress does not change.
    ///
    /// ```
    /// # use std::time::Duration;
    /// #
    /// # use clerk_webhooks::idempotency::{
    /// #     Claim, ClaimToken, IdempotencyStore as _, MemoryStore, MessageKey, Outcome, StoreFull,
    /// # };
    /// #
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), StoreFull> {
    /// # let (store, key) = (MemoryStore::new(), MessageKey::new("users", "msg_1"));
    /// # let minute = Duration::from_secs(60);
    /// store.complete(&key, Outcome::Succeeded, minute).await?;
    /// assert!(store.forget(&key).await?);
    /// let claim = store.claim(&key, ClaimToken::random(), minute).await?;
    /// assert_eq!(claim, Claim::Claimed);
    /// # Ok(())
    /// # }
    /// ```
    fn forget(&self, key: &MessageKey) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// A store behind an `Arc` is a store.
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

/// The key of deduplication: a message id, and the scope of the endpoint that received it.
///
/// The scope separates endpoints that share a store. Each endpoint gets the same message under the same id, and
/// does its own work for it.
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
    ///
    /// ```
    /// use clerk_webhooks::idempotency::MessageKey;
    ///
    /// let key = MessageKey::new("users", "msg_1");
    /// assert_eq!((key.scope(), key.message_id()), ("users", "msg_1"));
    /// ```
    #[must_use]
    pub fn new(scope: impl Into<Arc<str>>, message_id: impl Into<Arc<str>>) -> Self {
        Self {
            scope: scope.into(),
            message_id: message_id.into(),
        }
    }

    /// The scope given to [`new`](Self::new): the endpoint's name.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// The message's id given to [`new`](Self::new).
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
    /// Another token holds it. Its holder is running, or crashed less than a lease ago.
    InProgress,
    /// The work has ended with this outcome.
    Completed(Outcome),
}

/// How a message's work ended. Any other result is not recorded, and the message can run again.
///
/// ```
/// use clerk_webhooks::idempotency::Outcome;
///
/// assert_eq!(Outcome::PermanentlyFailed.as_str(), "permanently_failed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The handler succeeded. Duplicates are answered 200.
    Succeeded,
    /// The handler would fail every time. Duplicates are answered 422 with `webhook-delivery: abort-message`.
    PermanentlyFailed,
}

impl Outcome {
    /// The outcome's name in stores: `succeeded` or `permanently_failed`. No [`ClaimToken`] has such a text.
    ///
    /// ```
    /// use clerk_webhooks::idempotency::Outcome;
    ///
    /// assert_eq!(Outcome::Succeeded.as_str(), "succeeded");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::PermanentlyFailed => "permanently_failed",
        }
    }

    /// The outcome with this name, or `None`.
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

/// Identifies one claim of a message, so that a holder whose lease has ended cannot change a later claim.
///
/// A random number of 64 bits. It is not a secret. Its text is 16 hexadecimal digits:
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
    ///
    /// ```
    /// use clerk_webhooks::idempotency::ClaimToken;
    ///
    /// assert_ne!(ClaimToken::random(), ClaimToken::random());
    /// ```
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
