//! [`Refusals`]: logs the refusals of one endpoint.

use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use tracing::Level;

use crate::{
    rejection::{Rejection, RejectionKind},
    response::refusal,
    verify::error::VerifyErrorKind,
};

/// One bit for each kind of header that a warning was logged for.
#[derive(Default)]
pub(super) struct Refusals(AtomicU16);

impl Refusals {
    /// Logs a refusal, unless it is logged already.
    pub(super) fn log(&self, rejection: &Rejection, request_path: &str) {
        refusal::log(rejection, Some(request_path), self.level(rejection.kind()));
    }

    /// Anybody can send malformed headers, so these refusals are logged at `debug`. But an endpoint on the
    /// wrong route, or a proxy that drops or changes headers, causes them too. So the first refusal of each
    /// kind is a warning.
    fn level(&self, kind: RejectionKind) -> Level {
        match kind {
            RejectionKind::Unverified(kind) if self.is_first(kind) => Level::WARN,
            kind => kind.level(),
        }
    }

    fn is_first(&self, kind: VerifyErrorKind) -> bool {
        let bit = 1 << kind as u16;
        self.0.load(Relaxed) & bit == 0 && self.0.fetch_or(bit, Relaxed) & bit == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_of_each_kind_is_a_warning() {
        let (missing, malformed) = (VerifyErrorKind::MissingHeader, VerifyErrorKind::MalformedId);
        let refusals = Refusals::default();
        assert_eq!(refusals.level(missing.into()), Level::WARN);
        assert_eq!(refusals.level(missing.into()), Level::DEBUG);
        assert_eq!(refusals.level(malformed.into()), Level::WARN);
        assert_eq!(refusals.level(malformed.into()), Level::DEBUG);
        let stale = VerifyErrorKind::TimestampTooOld;
        assert_eq!(
            [(); 2].map(|()| refusals.level(stale.into())),
            [Level::WARN; 2]
        );
    }
}
