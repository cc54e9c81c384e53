//! The labels of all metrics. None may be an id, a customer, a key or a text that somebody wrote: what a label can be is
//! known before.

use super::metric::Label;

macro_rules! labels {
    ($($constant:ident: $name:literal, $most:literal, $values:literal;)+) => {
        $(pub(super) const $constant: Label = Label { name: $name, values: $values, most: $most };)+
    };
}

labels! {
    TOPIC: "messaging_destination_name", 70, "a topic of `schemas/topics.yaml`, or of a group's dead letters";
    PARTITION: "partition", 64, "a partition's number";
    STEP: "step", 30, "a step's permanent name, such as `payment.on_inventory_reserved`; `decode` before any";
    CODE: "code", 120, "a fault's code: [errors.md](errors.md)";
    REWIND: "cause", 20, "what failed: `produce`, `delivery`, `commit`, `fenced`, …";
    REDRIVEN: "outcome", 5, "`answered`, `discarded`, `given_up`, `waits`, `done_before`";
    GROUP: "group", 16, "a service's name";
    STANDING: "standing", 2, "`open`, `parked`";
    BREAKER: "breaker", 10, "what it stands before: `gateway`, `carrier`, `redis`, `registry`, …";
    MOVED_TO: "to", 3, "`closed`, `half_open`, `open`";
    SPAN_LOSS: "cause", 2, "`queue_full`, `collector`";
    ROLE: "role", 3, "`live`, `candidate`, `previous`";
    VERSION: "version", 30, "a version of the model, as its manifest names it, that this process has run; of rules, theirs";
    DRIFTING: "of", 60, "a feature of the model, or `score`";
    FALLBACK_CAUSE: "cause", 12, "why: `model_failed`, `breaker_open`, `drift`, …";
    SCORER: "scorer", 4, "`rules`, or the model's name";
    ENGINE: "engine", 4, "`rules`, `onnxruntime`, `built-in`";
    DECISION: "outcome", 5, "`validated`, `refused`, `held`; of a review `approved`, `rejected`";
    CONFIDENT: "confident", 2, "`true` where the score, or 1 − score, is above the threshold";
    FALLBACK: "fallback", 2, "`true` where somebody else decided than should have";
    STATE: "state", 6, "a final state: `Fulfilled`, `Rejected`, `OutOfStock`, `Declined`, `Cancelled`, `Undeliverable`";
    CURRENCY: "currency", 40, "ISO 4217, of the shop's catalogue";
    ROUTE: "http_route", 40, "a route as it is declared, never a path";
    STATUS: "http_response_status_code", 25, "an answer's status";
    PROBLEM: "code", 40, "a problem's code, or `ok`";
    CHANNEL: "channel", 2, "`webhook`, `email`";
    TOLD: "outcome", 12, "`delivered`, `later`, or why it was given up: `gone`, `exhausted`, `erased`, …";
    CACHE: "cache", 3, "`predictions`";
    FOUND: "found", 2, "`true`, `false`";
}
