//! [`Circumstances`].

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;

use crate::{capture::CapturedDelivery, secret::SecretText};

/// What is known beside the delivery.
#[derive(Debug, Clone)]
pub struct Circumstances {
    secrets: Vec<SecretText>,
    other_secrets: Vec<SecretText>,
    arrival: Option<SystemTime>,
    verified_bodies: HashMap<String, Bytes>,
    verified_instances: HashSet<String>,
}

impl Circumstances {
    /// The receiver has these secrets.
    #[must_use]
    pub fn of_secrets(secrets: Vec<SecretText>) -> Self {
        Self {
            secrets,
            other_secrets: Vec::new(),
            arrival: None,
            verified_bodies: HashMap::new(),
            verified_instances: HashSet::new(),
        }
    }

    /// Secrets that the receiver does not have, but that may have signed the delivery.
    #[must_use]
    pub fn with_other_secrets(mut self, secrets: Vec<SecretText>) -> Self {
        self.other_secrets = secrets;
        self
    }

    /// When the delivery arrived. Default: when it was recorded to arrive, otherwise now.
    #[must_use]
    pub fn with_arrival(mut self, arrival: SystemTime) -> Self {
        self.arrival = Some(arrival);
        self
    }

    /// As [`with_arrival`](Self::with_arrival), in seconds since 1970.
    #[must_use]
    pub fn with_arrival_at_unix_seconds(self, seconds: u64) -> Self {
        self.with_arrival(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// Remembers a delivery that is verified: what it has in common with a refused one is evidence.
    pub fn remember_verified(&mut self, delivery: &CapturedDelivery) {
        if let Some(id) = delivery.claimed_id() {
            self.verified_bodies
                .insert(id.to_owned(), delivery.body.clone());
        }
        self.verified_instances.extend(delivery.claimed_instance());
    }

    pub(super) fn secrets(&self) -> &[SecretText] {
        &self.secrets
    }

    pub(super) fn other_secrets(&self) -> &[SecretText] {
        &self.other_secrets
    }

    /// The body of the verified delivery with this message id.
    pub(super) fn verified_body(&self, message_id: &str) -> Option<&Bytes> {
        self.verified_bodies.get(message_id)
    }

    /// The instances of the verified deliveries.
    pub(super) fn verified_instances(&self) -> &HashSet<String> {
        &self.verified_instances
    }

    /// When the delivery arrived, if that is known.
    pub(super) fn arrival_of(&self, delivery: &CapturedDelivery) -> Option<SystemTime> {
        let recorded = || Some(UNIX_EPOCH + Duration::from_millis(delivery.received_at_ms?));
        self.arrival.or_else(recorded)
    }
}
