//! The table of all metrics.

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// The name, as Prometheus spells names.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: MetricKind,
    /// The unit of the values.
    pub unit: MetricUnit,
    /// The names of the labels. Not every series has all of them.
    pub labels: &'static [&'static str],
    /// What is counted or measured.
    pub meaning: &'static str,
}

/// What can be done with the values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution of values.
    Histogram,
}

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricUnit {
    /// A number of things.
    Count,
    /// Seconds. For a timestamp: since 1970.
    Seconds,
    /// Bytes.
    Bytes,
}

/// One line for each metric: `CONSTANT = Kind "name" Unit [labels] "meaning";`.
macro_rules! metrics {
    ($( $(#[$cfg:meta])* $NAME:ident = $Kind:ident $name:literal $Unit:ident [$($label:literal),*] $meaning:literal; )+) => {
        $(
            $(#[$cfg])*
            pub(crate) const $NAME: Metric = Metric {
                name: $name,
                kind: MetricKind::$Kind,
                unit: MetricUnit::$Unit,
                labels: &[$($label),*],
                meaning: $meaning,
            };
        )+

        /// Every metric of this version. Those of `idempotency` and `queue` are here only if the feature is
        /// on.
        ///
        /// ```
        /// use clerk_webhooks::metrics::{METRICS, MetricKind};
        ///
        /// let deliveries = &METRICS[0];
        /// assert_eq!(deliveries.name, "clerk_webhooks_deliveries_total");
        /// assert_eq!(deliveries.kind, MetricKind::Counter);
        /// assert_eq!(deliveries.labels, ["verdict", "reason", "event_type", "secret"]);
        /// ```
        #[cfg(feature = "metrics")]
        pub const METRICS: &[Metric] = &[$( $(#[$cfg])* $NAME ),+];
    };
}

metrics! {
    DELIVERIES = Counter "clerk_webhooks_deliveries_total" Count ["verdict", "reason", "event_type", "secret"]
        "Deliveries. `verdict` is `verified`, with `event_type` and `secret`, or `refused`, with `reason`";
    FAILURES = Counter "clerk_webhooks_failures_total" Count ["reason", "event_type"]
        "Verified deliveries that were not acknowledged: refused later, or the handler failed (`handler_retry`, `handler_permanent`)";
    VERIFICATION = Histogram "clerk_webhooks_verification_duration_seconds" Seconds []
        "From the headers to the verified signature, including the wait for the body";
    HANDLER = Histogram "clerk_webhooks_handler_duration_seconds" Seconds []
        "From the call of the service inside the layer to its response";
    DELIVERY = Histogram "clerk_webhooks_delivery_duration_seconds" Seconds []
        "From the headers to the response of the service inside the layer";
    BODY = Histogram "clerk_webhooks_body_bytes" Bytes []
        "Length of the body of verified deliveries";
    SKEW = Histogram "clerk_webhooks_timestamp_skew_seconds" Seconds []
        "This machine's clock minus the timestamp of verified deliveries";
    SECRET_LAST_USED = Gauge "clerk_webhooks_secret_last_used_timestamp_seconds" Seconds ["secret"]
        "When the secret last verified a delivery, since 1970";
    SECRET_RELOADS = Counter "clerk_webhooks_secret_reloads_total" Count ["result"]
        "Reads of a changed file of secrets. `result` is `replaced` or `failed`";
    #[cfg(feature = "idempotency")]
    IDEMPOTENCY = Counter "clerk_webhooks_idempotency_deliveries_total" Count ["scope", "outcome"]
        "How deduplicated deliveries ended. `outcome` is `completed`, `released`, `duplicate` or `in_progress`";
    #[cfg(feature = "idempotency")]
    IDEMPOTENCY_WAITS = Counter "clerk_webhooks_idempotency_waits_total" Count ["scope"]
        "Deliveries that waited for another delivery of their message";
    #[cfg(feature = "idempotency")]
    LOST_LEASES = Counter "clerk_webhooks_idempotency_lost_leases_total" Count ["scope"]
        "Leases that ended while their handler was running: it may run twice at the same time";
    #[cfg(feature = "idempotency")]
    STORE_ERRORS = Counter "clerk_webhooks_idempotency_store_errors_total" Count ["scope"]
        "Operations of the store of claims that failed or were not answered in time";
    #[cfg(feature = "queue")]
    ENQUEUED = Counter "clerk_webhooks_enqueued_total" Count ["result"]
        "Deliveries that a queue has taken. `result` is `new` or `duplicate`";
    #[cfg(feature = "queue")]
    QUEUE_EVENTS = Gauge "clerk_webhooks_queue_events" Count ["queue", "state"]
        "Events in the queue. `state` is `waiting`, `running` or `dead`";
    #[cfg(feature = "queue")]
    QUEUE_OLDEST_DUE = Gauge "clerk_webhooks_queue_oldest_due_seconds" Seconds ["queue"]
        "How long the oldest due event has waited for a worker; 0 if none is due";
    #[cfg(feature = "queue")]
    QUEUE_ATTEMPTS = Counter "clerk_webhooks_queue_attempts_total" Count ["queue", "outcome"]
        "Attempts of workers. `outcome` is `done`, `retry`, `dead_letter` or `lost_lease`";
    #[cfg(feature = "queue")]
    QUEUE_HANDLER = Histogram "clerk_webhooks_queue_handler_duration_seconds" Seconds ["queue"]
        "How long the handlers of workers ran";
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use super::*;

    /// The page's table is this table.
    #[test]
    #[cfg(all(feature = "idempotency", feature = "queue"))]
    fn the_guide_lists_every_metric() {
        let page = include_str!("../../docs/metrics.md");
        let row = |metric: &Metric| {
            let labels: Vec<_> = metric
                .labels
                .iter()
                .map(|label| format!("`{label}`"))
                .collect();
            let (kind, unit) = (format!("{:?}", metric.kind), format!("{:?}", metric.unit));
            let (kind, unit) = (kind.to_lowercase(), unit.to_lowercase());
            let labels = labels.join(", ");
            format!(
                "| `{}` | {kind} | {unit} | {labels} | {} |",
                metric.name, metric.meaning
            )
        };
        let expected: Vec<_> = METRICS.iter().map(row).collect();
        let rows = page
            .lines()
            .filter(|line| line.starts_with("| `clerk_webhooks_"));
        let rows: Vec<_> = rows.collect();
        assert_eq!(
            rows,
            expected,
            "docs/metrics.md should have:\n{}",
            expected.join("\n")
        );
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for metric in METRICS {
            let is_counter = metric.kind == MetricKind::Counter;
            assert_eq!(
                metric.name.ends_with("_total"),
                is_counter,
                "{}",
                metric.name
            );
            let unit = match metric.unit {
                MetricUnit::Count => continue,
                MetricUnit::Seconds => "_seconds",
                MetricUnit::Bytes => "_bytes",
            };
            assert!(metric.name.ends_with(unit), "{}", metric.name);
        }
    }
}
