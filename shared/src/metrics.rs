//! The names of all metrics, in OpenTelemetry's messaging vocabulary where it has a word, in Prometheus spelling.
//! Durations are in seconds.

/// Records taken off a topic. Labels: `messaging_destination_name`.
pub const CONSUMED: &str = "messaging_client_consumed_messages_total";
/// Records published. Labels: `messaging_destination_name`.
pub const SENT: &str = "messaging_client_sent_messages_total";
/// Time a step takes for a batch. Labels: `step`.
pub const PROCESS_DURATION: &str = "messaging_process_duration_seconds";
/// From a record's time on the topic to the moment its answer is durable.
pub const EVENT_AGE: &str = "orderflow_event_age_seconds";
/// Records in a batch.
pub const BATCH_RECORDS: &str = "orderflow_batch_records";
/// Time from the first record produced to the commit.
pub const COMMIT_DURATION: &str = "orderflow_commit_duration_seconds";
/// Batches that were taken back and repeated. Labels: `cause`.
pub const REWINDS: &str = "orderflow_rewinds_total";
/// Failed attempts that will be repeated. Labels: `step`, `code`.
pub const RETRIES: &str = "orderflow_retries_total";
/// Dead letters written. Labels: `code`.
pub const DEAD_LETTERS: &str = "orderflow_dead_letters_total";
/// Keys behind a dead letter whose later records wait, of the whole service.
pub const BLOCKED_KEYS: &str = "orderflow_blocked_keys";
/// Whether the service meets records for which there is no place to wait: 1 while it does.
pub const WAITING_FULL: &str = "orderflow_waiting_full";
/// Whether the service has stopped giving records up, since too many of the recent ones would be: 1 while it has.
pub const STOPPED: &str = "orderflow_dead_letters_stopped";
/// Records that operators have had handled again, by what became of them. Labels: `outcome` (`answered`, `discarded`,
/// `given_up`, `waits`, `done_before`).
pub const REDRIVES: &str = "orderflow_redrives_total";
/// Dead letters nobody has dealt with. Labels: `group`, `standing` (`open`, `parked`).
pub const LETTERS: &str = "orderflow_dead_letters";
/// How long ago the oldest of them was given up. Labels: `group`, `standing`.
pub const OLDEST_LETTER: &str = "orderflow_oldest_dead_letter_seconds";
/// Records that were put behind a dead letter of their key. Labels: `messaging_destination_name`.
pub const WAITING: &str = "orderflow_waiting_records_total";
/// Records answered after all that had been dead-lettered or had waited.
pub const SETTLED: &str = "orderflow_settled_records_total";
/// Partitions held by a record that waits for its next attempt.
pub const HELD_PARTITIONS: &str = "orderflow_held_partitions";
/// Records not yet taken, transaction markers not counted. Labels: `messaging_destination_name`, `partition`.
pub const LAG: &str = "orderflow_consumer_lag_records";
/// Partitions with lag and no progress. Zero is healthy.
pub const STALLED_PARTITIONS: &str = "orderflow_stalled_partitions";
/// Times the state was rebuilt from the log.
pub const REBUILDS: &str = "orderflow_state_rebuilds_total";
/// Rebalances seen.
pub const REBALANCES: &str = "orderflow_rebalances_total";
/// Whether calls to an outside dependency go through: 0 closed (they do), 1 half-open (one does), 2 open (none does).
/// Labels: `breaker`.
pub const BREAKER_STATE: &str = "orderflow_breaker_state";
/// Times a breaker has moved. Labels: `breaker`, `to`.
pub const BREAKER_MOVES: &str = "orderflow_breaker_moves_total";
/// Spans that the collector has taken.
pub const SPANS_EXPORTED: &str = "orderflow_spans_exported_total";
/// Spans that were dropped, so that nothing waits for them. Labels: `cause` (`queue_full`, `collector`).
pub const SPANS_DROPPED: &str = "orderflow_spans_dropped_total";
/// The revision of `models.state` that an instance has taken up, as far as it could; 0 without any.
pub const MODEL_REVISION: &str = "orderflow_model_state_revision";
/// Times a version of a model could not be fetched or verified. Labels: `role`.
pub const MODEL_LOAD_FAILURES: &str = "orderflow_model_load_failures_total";
/// Scores of a model that were used again for the same order.
pub const MODEL_PREDICTIONS_REUSED: &str = "orderflow_model_predictions_reused_total";
/// How far a feature or the score is from training: the population stability index of the newest window. Labels:
/// `version`, `of`.
pub const MODEL_DRIFT_PSI: &str = "orderflow_model_drift_psi";
/// The Kolmogorov-Smirnov statistic of the same. Labels: `version`, `of`.
pub const MODEL_DRIFT_KS: &str = "orderflow_model_drift_ks";
/// What that makes of it: 0 calm, 1 drifting, 2 severe. Labels: `version`, `of`.
pub const MODEL_DRIFT_LEVEL: &str = "orderflow_model_drift_level";
/// Whether drift of the version that is to decide is judged: 1, or 0 where its manifest has no reference.
pub const MODEL_DRIFT_JUDGED: &str = "orderflow_model_drift_judged";
/// Whether somebody else decides because of drift: 1 or 0.
pub const MODEL_DRIFT_SWITCHED: &str = "orderflow_model_drift_switched";
/// Orders that somebody else decided than should have. Labels: `cause`.
pub const MODEL_FALLBACKS: &str = "orderflow_model_fallbacks_total";
