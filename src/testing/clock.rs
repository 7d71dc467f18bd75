//! [`FixedClock`]: a clock that always shows the same time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::verify::Clock;

/// A clock that always shows the same time, for recorded deliveries and for tests of the tolerance.
///
/// ```
/// use clerk_webhooks::{SigningSecret, Verifier, testing::FixedClock};
///
/// let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let verifier = Verifier::new(secret).with_clock(FixedClock::at_unix_seconds(1_614_265_330));
/// # Ok::<(), clerk_webhooks::SecretError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(SystemTime);

impl FixedClock {
    /// A clock that shows `now`.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use clerk_webhooks::{testing::FixedClock, verify::Clock as _};
    ///
    /// let now = SystemTime::now();
    /// assert_eq!(FixedClock::at(now).now(), now);
    /// ```
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        Self(now)
    }

    /// A clock that shows this Unix time, in seconds since 1970.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use clerk_webhooks::{testing::FixedClock, verify::Clock as _};
    ///
    /// let clock = FixedClock::at_unix_seconds(1_767_225_600);
    /// assert_eq!(clock.now(), UNIX_EPOCH + Duration::from_secs(1_767_225_600));
    /// ```
    #[must_use]
    pub fn at_unix_seconds(seconds: u32) -> Self {
        Self(UNIX_EPOCH + Duration::from_secs(seconds.into()))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        self.0
    }
}
