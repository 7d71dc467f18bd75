//! Metrics: what the crate counts and measures, for the recorder of the facade crate [`metrics`].
//!
//! Feature `metrics`. Install a recorder, such as that of `metrics-exporter-prometheus`, **before the first
//! delivery**: the handles of the series are made once, for the recorder that is installed then. Without a
//! recorder nothing is recorded.
//!
//! [`METRICS`] lists all metrics. [`describe`] tells the recorder their units and meanings. Values of labels
//! come from this crate or from your own settings, never from an unverified request; an event type that this
//! version does not know is `unknown`. So the number of series is bounded.
//!
//! [`metrics`]: https://docs.rs/metrics

pub(crate) mod delivery;
#[cfg(feature = "metrics")]
mod describe;
#[cfg(not(feature = "metrics"))]
mod off;
#[cfg(feature = "metrics")]
mod on;
#[cfg(feature = "queue")]
pub(crate) mod queue;
pub(crate) mod stopwatch;
#[cfg_attr(
    not(feature = "metrics"),
    allow(
        dead_code,
        unreachable_pub,
        reason = "nothing is recorded, and the table is not public"
    )
)]
pub(crate) mod table;

#[cfg(feature = "metrics")]
pub use self::{
    describe::describe,
    table::{METRICS, Metric, MetricKind, MetricUnit},
};

#[cfg(not(feature = "metrics"))]
pub(crate) use self::off::{Counter, Gauge, Histogram, increment};
#[cfg(feature = "metrics")]
pub(crate) use self::on::{Counter, Gauge, Histogram, increment};
