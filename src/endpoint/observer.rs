//! [`Observer`]: logs and counts the deliveries of one endpoint.

use std::{fmt, time::Duration};

use tracing::{debug, warn};

use super::{clock_watch::ClockWatch, refusals::Refusals, rotation_watch::RotationWatch};
use crate::{
    metrics::{delivery::DeliverySeries, stopwatch::Stopwatch},
    rejection::Rejection,
    verify::{SecretUsage, SigningSecrets, delivery::VerifiedDelivery},
};

/// Shared by an endpoint, its clones and its deliveries.
#[derive(Default)]
pub(crate) struct Observer {
    refusals: Refusals,
    clock: ClockWatch,
    rotation: RotationWatch,
    series: DeliverySeries,
}

impl Observer {
    pub(crate) fn refused(&self, rejection: &Rejection, request_path: &str) {
        self.refusals.log(rejection, request_path);
    }

    pub(super) fn accepted(
        &self,
        delivery: &VerifiedDelivery,
        secrets: &SigningSecrets,
        longest_rotation: Duration,
        begun: Stopwatch,
    ) {
        debug!(
            target: "clerk_webhooks",
            message_id = delivery.message_id(),
            secret = delivery.secret_label(),
            body_bytes = delivery.raw_body().len(),
            "verified a delivery"
        );
        self.series.verified(delivery, begun);
        let (now, skew) = (delivery.checked_at(), delivery.skew_seconds());
        if let Some(skewed) = self.clock.accepted(now, skew) {
            warn!(target: "clerk_webhooks", "{skewed}");
        }
        if let Some(in_use) = self.rotation.accepted(now, longest_rotation, secrets) {
            warn!(
                target: "clerk_webhooks",
                secrets = %Labels(&in_use),
                "several signing secrets have been in use for {} days: to finish the rotation, delete the old \
                 endpoint in Clerk's dashboard, then remove its secret here",
                longest_rotation.as_secs() / (24 * 3600)
            );
        }
    }

    /// What the layer measures beside the verification.
    pub(crate) fn series(&self) -> &DeliverySeries {
        &self.series
    }
}

struct Labels<'a>(&'a [SecretUsage]);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.0.iter().map(|usage| &usage.label);
        f.debug_list().entries(labels).finish()
    }
}
