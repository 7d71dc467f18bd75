//! [`Settings`]: what an endpoint and its deliveries share.

use std::{sync::Arc, time::Duration};

use super::observer::Observer;
use crate::verify::verifier::Verifier;

/// 2 MiB, the largest message that Svix' own API accepts.
const DEFAULT_MAX_BODY_BYTES: usize = 2_097_152;

const DEFAULT_LONGEST_ROTATION: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Clone)]
pub(crate) struct Settings {
    pub(super) verifier: Verifier,
    pub(super) max_body_bytes: usize,
    pub(super) longest_rotation: Duration,
    pub(super) observer: Arc<Observer>,
}

impl Settings {
    pub(super) fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            longest_rotation: DEFAULT_LONGEST_ROTATION,
            observer: Arc::default(),
        }
    }
}
