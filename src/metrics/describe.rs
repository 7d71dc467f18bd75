//! Tells a recorder what the metrics are.

use ::metrics::{Unit, with_recorder};

use super::table::{METRICS, MetricKind, MetricUnit};

/// Tells the recorder the unit and the meaning of every metric. Call it once, after the recorder is
/// installed.
///
/// Prometheus' exporter shows them as `# HELP` lines.
///
/// ```
/// // After the recorder is installed:
/// clerk_webhooks::metrics::describe();
/// ```
pub fn describe() {
    with_recorder(|recorder| {
        for metric in METRICS {
            let (name, meaning) = (metric.name.into(), metric.meaning.into());
            let unit = Some(match metric.unit {
                MetricUnit::Count => Unit::Count,
                MetricUnit::Seconds => Unit::Seconds,
                MetricUnit::Bytes => Unit::Bytes,
            });
            match metric.kind {
                MetricKind::Counter => recorder.describe_counter(name, unit, meaning),
                MetricKind::Gauge => recorder.describe_gauge(name, unit, meaning),
                MetricKind::Histogram => recorder.describe_histogram(name, unit, meaning),
            }
        }
    });
}
