//! The series of an endpoint's deliveries.

use std::{
    iter,
    sync::{Arc, PoisonError, RwLock},
};

use super::{
    Counter, Gauge, Histogram, increment,
    stopwatch::Stopwatch,
    table::{
        BODY, DELIVERIES, DELIVERY, FAILURES, HANDLER, Metric, SECRET_LAST_USED, SKEW, VERIFICATION,
    },
};
use crate::{
    event::{decode::envelope::event_type_at_end_or_of, types::EventType},
    verify::delivery::VerifiedDelivery,
};

/// The value of the label for an event type that this version does not know, and for a body without one.
const UNKNOWN: &str = "unknown";

/// The series of verified deliveries, for one endpoint and its clones.
#[derive(Default)]
pub(crate) struct DeliverySeries {
    /// By label. Secrets are few, so a list is enough.
    secrets: RwLock<Vec<Arc<SecretSeries>>>,
    verification: Histogram,
    handler: Histogram,
    delivery: Histogram,
    body: Histogram,
    skew: Histogram,
}

struct SecretSeries {
    label: Arc<str>,
    last_used: Gauge,
    /// By the place of the event's type in `EventType::all`; the last is of unknown types.
    deliveries: Box<[Counter]>,
}

impl DeliverySeries {
    pub(crate) fn verified(&self, delivery: &VerifiedDelivery, begun: Stopwatch) {
        if !cfg!(feature = "metrics") {
            return;
        }
        self.of_secret(delivery.shared_secret_label())
            .verified(delivery);
        record_elapsed(&self.verification, begun, &VERIFICATION);
        self.body
            .record(&BODY, &[], delivery.raw_body().len() as f64);
        self.skew.record(&SKEW, &[], delivery.skew_seconds() as f64);
    }

    /// The service inside the layer has answered.
    pub(crate) fn handled(&self, called: Stopwatch, received: Stopwatch) {
        record_elapsed(&self.handler, called, &HANDLER);
        record_elapsed(&self.delivery, received, &DELIVERY);
    }

    fn of_secret(&self, label: &Arc<str>) -> Arc<SecretSeries> {
        let find = |known: &[Arc<SecretSeries>]| {
            let found = known.iter().find(|series| series.label == *label);
            found.map(Arc::clone)
        };
        let known = find(&self.secrets.read().unwrap_or_else(PoisonError::into_inner));
        known.unwrap_or_else(|| {
            let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
            find(&secrets).unwrap_or_else(|| {
                let new = Arc::new(SecretSeries::new(label));
                secrets.push(Arc::clone(&new));
                new
            })
        })
    }
}

impl SecretSeries {
    fn new(label: &Arc<str>) -> Self {
        let places = EventType::all().len() + 1;
        Self {
            label: Arc::clone(label),
            last_used: Gauge::default(),
            deliveries: iter::repeat_with(Counter::default).take(places).collect(),
        }
    }

    fn verified(&self, delivery: &VerifiedDelivery) {
        let secret = ("secret", &*self.label);
        self.last_used
            .set(&SECRET_LAST_USED, &[secret], delivery.checked_at() as f64);
        let known = EventType::all();
        let event_type = event_type_at_end_or_of(delivery.raw_body());
        let place = known
            .iter()
            .position(|known| Some(known) == event_type.as_ref());
        let place = place.unwrap_or(known.len());
        if let Some(counter) = self.deliveries.get(place) {
            let event_type = (
                "event_type",
                known.get(place).map_or(UNKNOWN, EventType::as_str),
            );
            counter.increment(&DELIVERIES, &[("verdict", "verified"), event_type, secret]);
        }
    }
}

fn record_elapsed(histogram: &Histogram, begun: Stopwatch, metric: &Metric) {
    if let Some(elapsed) = begun.elapsed() {
        histogram.record(metric, &[], elapsed.as_secs_f64());
    }
}

/// A delivery that was refused before it was verified.
pub(crate) fn refused(reason: &'static str) {
    increment(&DELIVERIES, &[("verdict", "refused"), ("reason", reason)]);
}

/// A verified delivery that was not acknowledged.
pub(crate) fn failed(reason: &'static str, event_type: Option<&EventType>) {
    let known = event_type.filter(|event_type| !matches!(event_type, EventType::Unknown(_)));
    let event_type = known.map_or(UNKNOWN, EventType::as_str);
    increment(&FAILURES, &[("reason", reason), ("event_type", event_type)]);
}
