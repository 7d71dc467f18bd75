//! [`RotationWatch`]: notices a rotation of the signing secret that nobody finishes.

use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::verify::{SecretUsage, SigningSecrets};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Looks once an hour whether several secrets were used within a day. All times are seconds since 1970, by
/// the verifier's clock.
#[derive(Default)]
pub(super) struct RotationWatch {
    next_look_at: AtomicI64,
    /// Since when several are used; 0 when one or none is.
    since: AtomicI64,
}

impl RotationWatch {
    /// The secrets that are in use, if several have been for longer than `longest`. At most once a day.
    pub(super) fn accepted(
        &self,
        now: i64,
        longest: Duration,
        secrets: &SigningSecrets,
    ) -> Option<Vec<SecretUsage>> {
        let look_at = self.next_look_at.load(Relaxed);
        if now < look_at {
            return None;
        }
        self.look(look_at, now, longest, secrets)
    }

    #[cold]
    fn look(
        &self,
        look_at: i64,
        now: i64,
        longest: Duration,
        secrets: &SigningSecrets,
    ) -> Option<Vec<SecretUsage>> {
        let later = |pause| now.saturating_add(pause);
        self.next_look_at
            .compare_exchange(look_at, later(HOUR), Relaxed, Relaxed)
            .ok()?;
        let mut in_use = secrets.usage();
        in_use.retain(|usage| {
            usage
                .last_used
                .is_some_and(|time| later(-DAY) < seconds(time))
        });
        if in_use.len() < 2 {
            self.since.store(0, Relaxed);
            return None;
        }
        let since = match self.since.load(Relaxed) {
            0 => now,
            since => since,
        };
        self.since.store(since, Relaxed);
        let lasts = u64::try_from(now.saturating_sub(since)).unwrap_or_default();
        if Duration::from_secs(lasts) < longest {
            return None;
        }
        self.next_look_at.store(later(DAY), Relaxed);
        Some(in_use)
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        SigningSecret, Verifier,
        testing::{FixedClock, SignedRequest, fixtures},
    };

    const START: i64 = 1_767_225_600;
    const WEEK: Duration = Duration::from_secs(7 * DAY as u64);

    /// One delivery by `signer` at this hour, and what the watch says.
    fn deliver(
        watch: &RotationWatch,
        secrets: &Verifier,
        signer: &SigningSecret,
        hour: i64,
    ) -> Option<usize> {
        let now = START + hour * HOUR;
        let sent_at = UNIX_EPOCH + Duration::from_secs(now as u64);
        let verifier = secrets
            .clone()
            .with_clock(FixedClock::at_unix_seconds(now as u32));
        let request = SignedRequest::new(signer, fixtures::user_created()).with_sent_at(sent_at);
        let verified = verifier.verify(&request.headers(), request.body().clone());
        assert!(verified.is_ok(), "{verified:?}");
        let in_use = watch.accepted(now, WEEK, verifier.secrets());
        in_use.map(|in_use| in_use.len())
    }

    fn two_secrets() -> (SigningSecret, SigningSecret, Verifier) {
        let old = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let new = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        let verifier = Verifier::new(old.clone()).with_secret(new.clone());
        (old, new, verifier)
    }

    #[test]
    fn an_old_secret_in_use_after_a_week_is_a_warning_once_a_day() {
        let (old, new, verifier) = two_secrets();
        let watch = RotationWatch::default();
        let mut warned_at = Vec::new();
        for hour in 0..(10 * 24) {
            let in_use = [&old, &new].map(|signer| deliver(&watch, &verifier, signer, hour));
            if let Some(in_use) = in_use.into_iter().flatten().next() {
                assert_eq!(in_use, 2);
                warned_at.push(hour);
            }
        }
        // The second secret is seen in the second hour.
        assert_eq!(warned_at, [169, 193, 217]);
    }

    #[test]
    fn a_finished_rotation_is_no_warning() {
        let (old, new, verifier) = two_secrets();
        let watch = RotationWatch::default();
        let quiet = |signer: &SigningSecret, hours: std::ops::Range<i64>| {
            hours
                .map(|hour| deliver(&watch, &verifier, signer, hour))
                .all(|warning| warning.is_none())
        };
        assert!(quiet(&old, 0..200));
        // For a day both were used.
        assert!(quiet(&new, 200..500));
    }
}
