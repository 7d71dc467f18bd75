//! Handles of series, made when they are first used.

use std::{fmt, sync::OnceLock};

use ::metrics::{Key, KeyName, Label, Level, Metadata, Recorder, with_recorder};

use super::table::Metric;

static METADATA: Metadata<'static> = Metadata::new("clerk_webhooks", Level::INFO, None);

/// Names and values of labels.
type Labels<'a> = &'a [(&'static str, &'a str)];

#[derive(Default)]
pub(crate) struct Counter(OnceLock<::metrics::Counter>);

#[derive(Default)]
pub(crate) struct Gauge(OnceLock<::metrics::Gauge>);

#[derive(Default)]
pub(crate) struct Histogram(OnceLock<::metrics::Histogram>);

impl Counter {
    pub(crate) fn increment(&self, metric: &Metric, labels: Labels<'_>) {
        self.0.get_or_init(|| counter(metric, labels)).increment(1);
    }
}

impl Gauge {
    pub(crate) fn set(&self, metric: &Metric, labels: Labels<'_>, value: f64) {
        let register = || {
            register(metric, labels, |recorder, key| {
                recorder.register_gauge(key, &METADATA)
            })
        };
        self.0.get_or_init(register).set(value);
    }
}

impl Histogram {
    pub(crate) fn record(&self, metric: &Metric, labels: Labels<'_>, value: f64) {
        let register = || {
            register(metric, labels, |recorder, key| {
                recorder.register_histogram(key, &METADATA)
            })
        };
        self.0.get_or_init(register).record(value);
    }
}

/// For counters of what is rare, or has no place for a handle.
pub(crate) fn increment(metric: &Metric, labels: Labels<'_>) {
    counter(metric, labels).increment(1);
}

fn counter(metric: &Metric, labels: Labels<'_>) -> ::metrics::Counter {
    register(metric, labels, |recorder, key| {
        recorder.register_counter(key, &METADATA)
    })
}

fn register<H>(
    metric: &Metric,
    labels: Labels<'_>,
    handle: impl FnOnce(&dyn Recorder, &Key) -> H,
) -> H {
    let label = |(name, value): &(&'static str, &str)| {
        debug_assert!(metric.labels.contains(name), "{}: {name}", metric.name);
        Label::new(*name, (*value).to_owned())
    };
    let labels: Vec<_> = labels.iter().map(label).collect();
    let key = Key::from_parts(KeyName::from_const_str(metric.name), labels);
    with_recorder(|recorder| handle(recorder, &key))
}

macro_rules! debug {
    ($($Handle:ident)+) => {
        $(
            impl fmt::Debug for $Handle {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($Handle)).finish_non_exhaustive()
                }
            }
        )+
    };
}

debug!(Counter Gauge Histogram);
