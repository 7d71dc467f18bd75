//! One line for each delivery that the layer judged.

use std::error::Error as _;

use tracing::{Span, debug, field, info_span, warn};

use crate::{
    error::Chain,
    rejection::{Rejection, RejectionKind},
    verify::delivery::VerifiedDelivery,
};

/// Around all that the inner service logs: which delivery it was about.
pub(super) fn delivery(delivery: &VerifiedDelivery) -> Span {
    info_span!(
        target: "clerk_webhooks",
        "delivery",
        message_id = delivery.message_id()
    )
}

pub(super) fn verified(delivery: &VerifiedDelivery) {
    debug!(
        target: "clerk_webhooks",
        secret = delivery.secret_label(),
        body_bytes = delivery.raw_body().len(),
        "verified a delivery"
    );
}

/// Anybody can send bad headers, so that those are no news; a delivery with headers in order may be
/// one that the operator wants.
pub(super) fn refused(rejection: &Rejection) {
    macro_rules! log {
        ($level:ident) => {
            $level!(
                target: "clerk_webhooks",
                code = rejection.kind().code(),
                status = rejection.status().as_u16(),
                message_id = rejection.message_id(),
                header = rejection.header_name(),
                skew_seconds = rejection.skew_seconds(),
                cause = rejection.source().map(|source| field::display(Chain(source))),
                "refused a delivery: {rejection}"
            )
        };
    }
    match rejection.kind() {
        RejectionKind::MissingHeader
        | RejectionKind::DuplicateHeader
        | RejectionKind::MalformedId
        | RejectionKind::MalformedTimestamp
        | RejectionKind::MalformedSignature => log!(debug),
        _ => log!(warn),
    }
}
