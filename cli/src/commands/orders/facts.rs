//! What is worth knowing of an event, in a few words. Nothing personal: no names, tokens or addresses.

use anyhow::Result;
use orderflow::{
    events::{
        DeadLetterDiscarded, DeadLetterEdited, DeadLetterRedriven, FraudDecision, FraudLabelled,
        InventoryReleased, InventoryReserved, InventoryShortage, LabelDocumentStored, OrderCancelRejected,
        OrderCancelRequested, OrderFraudDetected, OrderHeldForReview, OrderPlaced, OrderValidatedForFraud,
        PaymentActionRequired, PaymentFailed, PaymentProcessed, PaymentRefunded, PickupScheduled, Record,
        ReviewDecided, ReviewEscalated, ShippingFailed, ShippingLabelGenerated,
    },
    money::money,
    runtime::waiting::{journal::Note, parked::Parking},
};

use crate::log::{Decoder, Entry};

type Describe = fn(&Decoder, &Entry) -> Result<Option<String>>;

/// One line a record type; another type is one more line here.
const TYPES: [Describe; 23] = [
    |d, e| {
        say(d, e, |e: OrderPlaced| {
            let units: i64 = e.order.lines.iter().map(|line| i64::from(line.quantity)).sum();
            format!("{}, {units} units, {}", money(e.order.total, &e.order.currency), e.order.priority)
        })
    },
    |d, e| say(d, e, |e: OrderValidatedForFraud| decision(&e.decision)),
    |d, e| say(d, e, |e: OrderFraudDetected| decision(&e.decision)),
    |d, e| {
        say(d, e, |e: OrderHeldForReview| {
            format!("{}; until {}", decision(&e.decision), e.review_by.strftime("%T"))
        })
    },
    |d, e| say(d, e, |e: ReviewDecided| format!("{} by {}: {}", e.decision, e.reviewer, e.reason)),
    |d, e| {
        say(d, e, |e: FraudLabelled| {
            let what = if e.fraud { "fraud" } else { "honest" };
            format!("{what}, {}, by {}: {}", e.source, e.labelled_by, e.reason)
        })
    },
    |d, e| say(d, e, |e: ReviewEscalated| format!("policy decides at {}", e.review_by.strftime("%T"))),
    |d, e| say(d, e, |e: OrderCancelRequested| e.reason),
    |d, e| say(d, e, |e: OrderCancelRejected| e.reason),
    |d, e| say(d, e, |e: PaymentRefunded| format!("{}, {}", money(e.amount, &e.currency), e.reason)),
    |d, e| say(d, e, |e: InventoryReserved| format!("until {}", e.valid_until.strftime("%T"))),
    |d, e| {
        say(d, e, |e: InventoryShortage| {
            let short =
                e.short.iter().map(|line| format!("{}: {} of {}", line.sku, line.available, line.requested));
            short.collect::<Vec<_>>().join(", ")
        })
    },
    |d, e| say(d, e, |e: InventoryReleased| e.reason),
    |d, e| say(d, e, |e: PaymentActionRequired| format!("until {}", e.respond_by.strftime("%T"))),
    |d, e| say(d, e, |e: PaymentProcessed| format!("{}, {}", money(e.amount, &e.currency), e.intent_id)),
    |d, e| {
        say(d, e, |e: PaymentFailed| {
            e.gateway_code.map_or(e.reason.clone(), |code| format!("{} ({code})", e.reason))
        })
    },
    |d, e| {
        say(d, e, |e: ShippingLabelGenerated| {
            format!("{}, {}, {}", e.tracking_number, e.carrier, e.service_level)
        })
    },
    |d, e| {
        say(d, e, |e: ShippingFailed| {
            e.carrier_code.map_or(e.reason.clone(), |code| format!("{} ({code})", e.reason))
        })
    },
    |d, e| {
        say(d, e, |e: DeadLetterRedriven| {
            format!("{} handles {} again, by {}: {}", e.service, e.event_type, e.redriven_by, e.reason)
        })
    },
    |d, e| {
        say(d, e, |e: DeadLetterEdited| {
            let what = e.fields.join(", ");
            format!("{}: {} with another {what}, by {}: {}", e.service, e.event_type, e.edited_by, e.reason)
        })
    },
    |d, e| {
        say(d, e, |e: DeadLetterDiscarded| {
            format!("{}: {}, by {}: {}", e.service, e.event_type, e.discarded_by, e.reason)
        })
    },
    |d, e| say(d, e, |e: LabelDocumentStored| format!("{}, {}", e.zpl_path, e.pdf_path)),
    |d, e| {
        say(d, e, |e: PickupScheduled| {
            format!("{} to {}", e.window_start.strftime("%F %H:%M"), e.window_end.strftime("%H:%M"))
        })
    },
];

/// What an event says, or why it cannot be read.
pub(super) fn of(entry: &Entry, decoder: &Decoder) -> String {
    if let Some(Parking { by, reason, .. }) = &entry.parking {
        return format!("by {by}: {reason}");
    }
    if let Some((code, message)) = &entry.fault {
        return format!("{code}: {message}");
    }
    match entry.note {
        Note::Waits => {}
        Note::Settled(id) => return format!("event {id} is answered"),
        Note::Discarded(id) => return format!("event {id} was given up for good"),
        Note::Buried(id) => return format!("event {id} was given up"),
    }
    let said = TYPES.iter().find_map(|describe| describe(decoder, entry).transpose());
    said.map_or_else(String::new, |said| said.unwrap_or_else(|error| format!("cannot be read: {error}")))
}

fn say<R: Record>(decoder: &Decoder, entry: &Entry, words: impl Fn(R) -> String) -> Result<Option<String>> {
    Ok(decoder.decode::<R>(entry)?.map(words))
}

fn decision(decision: &FraudDecision) -> String {
    let codes: Vec<&str> = decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
    let FraudDecision { score, threshold, scorer, reviewer, .. } = decision;
    let codes = if codes.is_empty() { "nothing odd".to_owned() } else { codes.join(", ") };
    let reviewer = reviewer.as_deref().map(|who| format!("; reviewed by {who}")).unwrap_or_default();
    format!("score {score:.2} of {threshold:.2} by {scorer}; {codes}{reviewer}")
}
