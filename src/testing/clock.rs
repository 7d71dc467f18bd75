//! A clock that stands still.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::verify::Clock;

/// Always the same time: for recorded deliveries and for the edges of the tolerance.
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
    /// Stands at `now`.
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        Self(now)
    }

    /// Stands so many seconds after the start of 1970.
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
