//! The one catalogue of all metrics: what each is called, what it means, and which labels it has. Names are
//! Prometheus's spelling of OpenTelemetry's vocabulary where that has a word, else below `orderflow_`. Durations are in
//! seconds, money is in minor units.
//!
//! Descriptions at `/metrics` and `docs/metrics.md` are made from it; tests hold the code, dashboards and alert rules to
//! it. A new metric is an entry here and, where it is counted, the macro with the constant.

mod labels;
mod metric;
mod page;
mod tally;

pub use metric::{Buckets, Kind, Label, Metric, Unit};
pub use page::page;
pub(crate) use tally::Tally;

use metric::{
    Buckets::{Records, Wait, Work},
    Kind::{Counter, Gauge, Histogram},
    catalogue,
};

catalogue! {
    /// Records taken off a topic, once their answer was durable.
    CONSUMED: Counter, One, "messaging_client_consumed_messages_total", [TOPIC];
    /// Records published and committed, or acknowledged.
    SENT: Counter, One, "messaging_client_sent_messages_total", [TOPIC];
    /// Time a step takes for a batch, each attempt.
    PROCESS_DURATION: Histogram(Work), Seconds, "messaging_process_duration_seconds", [STEP];
    /// Records a step was asked about; a record that is tried again counts again.
    STEP_RECORDS: Counter, One, "orderflow_step_records_total", [STEP];
    /// Records a step had a fault for, each attempt. What waits behind an open breaker is not asked about, and not here.
    STEP_ERRORS: Counter, One, "orderflow_step_errors_total", [STEP, CODE];
    /// From a record's time on the topic to the moment its answer is durable.
    EVENT_AGE: Histogram(Work), Seconds, "orderflow_event_age_seconds", [];
    /// Records in a batch.
    BATCH_RECORDS: Histogram(Records), One, "orderflow_batch_records", [];
    /// Time from the first record produced to the commit.
    COMMIT_DURATION: Histogram(Work), Seconds, "orderflow_commit_duration_seconds", [];
    /// Batches that were taken back, their transaction aborted, and repeated.
    REWINDS: Counter, One, "orderflow_rewinds_total", [REWIND];
    /// Failed attempts that will be repeated.
    RETRIES: Counter, One, "orderflow_retries_total", [STEP, CODE];

    /// Records not yet taken, as the instance that holds the partition sees it; transaction markers do not count.
    LAG: Gauge, One, "orderflow_consumer_lag_records", [TOPIC, PARTITION];
    /// Records that a group has not committed, as order-status sees it from outside, also while the group is down. An
    /// upper bound: markers of transactions may count. Absent for a group that nobody has ever been in.
    GROUP_LAG: Gauge, One, "orderflow_group_lag_records", [GROUP, TOPIC];
    /// How long the oldest of them has been on its topic; 0 without any. Markers do not count.
    GROUP_LAG_AGE: Gauge, Seconds, "orderflow_group_lag_seconds", [GROUP, TOPIC];
    /// Instances in a group, as order-status sees it from outside.
    GROUP_MEMBERS: Gauge, One, "orderflow_group_members", [GROUP];
    /// Partitions with lag and no progress for half a minute. Zero is healthy.
    STALLED_PARTITIONS: Gauge, One, "orderflow_stalled_partitions", [];
    /// Partitions held by a record that waits for its next attempt.
    HELD_PARTITIONS: Gauge, One, "orderflow_held_partitions", [];
    /// Rebalances seen.
    REBALANCES: Counter, One, "orderflow_rebalances_total", [];
    /// Times the state was rebuilt from the log.
    REBUILDS: Counter, One, "orderflow_state_rebuilds_total", [];

    /// Dead letters written.
    DEAD_LETTERS: Counter, One, "orderflow_dead_letters_total", [CODE];
    /// Dead letters nobody has dealt with, as order-status sees them.
    LETTERS: Gauge, One, "orderflow_dead_letters", [GROUP, STANDING];
    /// How long ago the oldest of them was given up; 0 without any.
    OLDEST_LETTER: Gauge, Seconds, "orderflow_oldest_dead_letter_seconds", [GROUP, STANDING];
    /// Whether the service has stopped giving records up, since too many of the recent ones would be: 1 while it has.
    STOPPED: Gauge, One, "orderflow_dead_letters_stopped", [];
    /// Keys behind a dead letter whose later records wait, of the whole service.
    BLOCKED_KEYS: Gauge, One, "orderflow_blocked_keys", [];
    /// Whether the service meets records for which there is no place to wait: 1 while it does.
    WAITING_FULL: Gauge, One, "orderflow_waiting_full", [];
    /// Records that were put behind a dead letter of their key.
    WAITING: Counter, One, "orderflow_waiting_records_total", [TOPIC];
    /// Records that operators have had handled again, by what became of them.
    REDRIVES: Counter, One, "orderflow_redrives_total", [REDRIVEN];
    /// Records answered after all that had been dead-lettered or had waited.
    SETTLED: Counter, One, "orderflow_settled_records_total", [];

    /// Whether calls to an outside dependency go through: 0 closed (they do), 1 half-open (one does), 2 open (none does).
    BREAKER_STATE: Gauge, One, "orderflow_breaker_state", [BREAKER];
    /// Times a breaker has moved.
    BREAKER_MOVES: Counter, One, "orderflow_breaker_moves_total", [BREAKER, MOVED_TO];

    /// Orders accepted: on the log of all in-sync replicas.
    ORDERS_ACCEPTED: Counter, One, "orderflow_orders_accepted_total", [];
    /// Orders whose final state was committed, by the service that has decided it.
    ORDERS_FINISHED: Counter, One, "orderflow_orders_finished_total", [STATE];
    /// From an order's acceptance to the commit of its final state. Orders that wait for a person count.
    ORDER_DURATION: Histogram(Wait), Seconds, "orderflow_order_duration_seconds", [STATE];
    /// Money captured: committed PaymentProcessed.
    MONEY_CAPTURED: Counter, MinorUnits, "orderflow_money_captured_minor_units_total", [CURRENCY];
    /// Money given back: committed PaymentRefunded.
    MONEY_REFUNDED: Counter, MinorUnits, "orderflow_money_refunded_minor_units_total", [CURRENCY];
    /// What fulfilled orders were worth: what must have been captured, and not given back.
    MONEY_FULFILLED: Counter, MinorUnits, "orderflow_money_fulfilled_minor_units_total", [CURRENCY];

    /// Decisions about fraud that were committed. `held` is one, and its review another.
    DECISIONS: Counter, One, "orderflow_decisions_total", [SCORER, VERSION, ENGINE, DECISION, CONFIDENT, FALLBACK];
    /// Orders that somebody else scored than should have, each attempt.
    MODEL_FALLBACKS: Counter, One, "orderflow_model_fallbacks_total", [FALLBACK_CAUSE];
    /// The revision of `models.state` that an instance has taken up, as far as it could; 0 without any.
    MODEL_REVISION: Gauge, One, "orderflow_model_state_revision", [];
    /// Times a version of a model could not be fetched or verified.
    MODEL_LOAD_FAILURES: Counter, One, "orderflow_model_load_failures_total", [ROLE];
    /// Scores of a model that were used again for the same order.
    MODEL_PREDICTIONS_REUSED: Counter, One, "orderflow_model_predictions_reused_total", [];
    /// Times a cache was asked, and whether it had what it was asked for.
    CACHE_LOOKUPS: Counter, One, "orderflow_cache_lookups_total", [CACHE, FOUND];
    /// How far a feature or the score is from training: the population stability index of the newest window.
    MODEL_DRIFT_PSI: Gauge, One, "orderflow_model_drift_psi", [VERSION, DRIFTING];
    /// The Kolmogorov-Smirnov statistic of the same.
    MODEL_DRIFT_KS: Gauge, One, "orderflow_model_drift_ks", [VERSION, DRIFTING];
    /// What that makes of it: 0 calm, 1 drifting, 2 severe.
    MODEL_DRIFT_LEVEL: Gauge, One, "orderflow_model_drift_level", [VERSION, DRIFTING];
    /// Whether drift of the version that is to decide is judged: 1, or 0 where its manifest has no reference.
    MODEL_DRIFT_JUDGED: Gauge, One, "orderflow_model_drift_judged", [];
    /// Whether somebody else decides because of drift: 1 or 0.
    MODEL_DRIFT_SWITCHED: Gauge, One, "orderflow_model_drift_switched", [];

    /// Time to an answer's head; a wait the caller asked for counts.
    REQUEST_DURATION: Histogram(Work), Seconds, "http_server_request_duration_seconds", [ROUTE];
    /// Requests order-intake has answered.
    INTAKE_REQUESTS: Counter, One, "orderflow_intake_requests_total", [ROUTE, STATUS, PROBLEM];
    /// Requests order-status has answered.
    STATUS_REQUESTS: Counter, One, "orderflow_status_requests_total", [ROUTE, STATUS, PROBLEM];
    /// Callbacks of the payment gateway that payment has answered.
    PAYMENT_REQUESTS: Counter, One, "orderflow_payment_requests_total", [ROUTE, STATUS, PROBLEM];
    /// Requests recommendation has answered.
    RECOMMENDATION_REQUESTS: Counter, One, "orderflow_recommendation_requests_total", [ROUTE, STATUS, PROBLEM];

    /// Requests notifications has answered.
    NOTIFICATIONS_REQUESTS: Counter, One, "orderflow_notifications_requests_total", [ROUTE, STATUS, PROBLEM];
    /// Attempts to tell an endpoint or a customer of an event.
    NOTIFICATION_ATTEMPTS: Counter, One, "orderflow_notification_attempts_total", [CHANNEL, TOLD];
    /// Time such an attempt takes.
    NOTIFICATION_DURATION: Histogram(Work), Seconds, "orderflow_notification_attempt_duration_seconds", [CHANNEL];

    /// Spans that the collector has taken.
    SPANS_EXPORTED: Counter, One, "orderflow_spans_exported_total", [];
    /// Spans that were dropped, so that nothing waits for them.
    SPANS_DROPPED: Counter, One, "orderflow_spans_dropped_total", [SPAN_LOSS];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// <https://prometheus.io/docs/practices/naming/>: what it is about first, its unit in the plural behind it, `_total`
    /// behind what only grows.
    #[test]
    fn names_are_as_prometheus_wants_them() {
        for metric in ALL {
            let name = metric.name;
            let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
            assert!(name.split('_').all(is_word), "{name}");
            assert!(["orderflow_", "messaging_", "http_"].iter().any(|of| name.starts_with(of)), "{name}");
            assert_eq!(metric.kind == Counter, name.ends_with("_total"), "{name}");
            let base = name.strip_suffix("_total").unwrap_or(name);
            assert_eq!(metric.unit == Unit::Seconds, base.ends_with("_seconds"), "{name}");
            assert_eq!(metric.unit == Unit::MinorUnits, base.ends_with("_minor_units"), "{name}");
            let reserved = ["_bucket", "_sum", "_count", "_created", "_info"];
            assert!(
                !reserved.iter().any(|end| base.ends_with(end)),
                "{name} ends as a histogram's series do"
            );
        }
    }

    #[test]
    fn each_is_there_once_and_says_what_it_means() {
        let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for Metric { name, labels, meaning, .. } in ALL {
            assert!(meaning.ends_with('.') && !meaning.starts_with(' '), "{name}: {meaning}");
            let own: BTreeSet<&str> = labels.iter().map(|label| label.name).collect();
            assert_eq!(own.len(), labels.len(), "{name} has a label twice");
            let given = ["job", "instance", "service", "le", "quantile"];
            assert!(given.iter().all(|label| !own.contains(label)), "{name}: Prometheus gives {given:?}");
        }
    }

    #[test]
    fn buckets_grow_and_waits_are_told_apart_between_10_ms_and_a_minute() {
        for buckets in [Work, Wait, Records] {
            assert!(buckets.bounds().is_sorted_by(|a, b| a < b), "{buckets:?}");
        }
        let bounds = Wait.bounds();
        assert_eq!((bounds.first(), bounds.last()), (Some(&0.01), Some(&60.0)));
        // A quantile is told to within a half.
        assert!(bounds.windows(2).all(|pair| pair[1] <= pair[0] * 1.51), "{bounds:?}");
    }
}
