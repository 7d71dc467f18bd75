//! Without the feature `metrics`: handles that are empty and do nothing.

use super::table::Metric;

type Labels<'a> = &'a [(&'static str, &'a str)];

#[derive(Debug, Default)]
pub(crate) struct Counter(());

#[derive(Debug, Default)]
pub(crate) struct Gauge(());

#[derive(Debug, Default)]
pub(crate) struct Histogram(());

impl Counter {
    pub(crate) fn increment(&self, _: &Metric, _: Labels<'_>) {}
}

impl Gauge {
    pub(crate) fn set(&self, _: &Metric, _: Labels<'_>, _: f64) {}
}

impl Histogram {
    pub(crate) fn record(&self, _: &Metric, _: Labels<'_>, _: f64) {}
}

pub(crate) fn increment(_: &Metric, _: Labels<'_>) {}
