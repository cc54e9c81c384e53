//! The state of an order: a function of the *set* of its events, which may arrive in any order and more than once.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::events::{
    InventoryReserved, InventoryShortage, OrderFraudDetected, OrderHeldForReview, OrderReviewCancelled,
    OrderValidatedForFraud, PaymentFailed, PaymentProcessed, PaymentRefunded, Record, ShippingCancelled,
    ShippingFailed, ShippingLabelGenerated,
};

/// The reason in a `PaymentFailed` that makes its order cancelled instead of declined.
pub const CANCELLED: &str = "cancelled";

/// The services that decide what becomes of an order: a dead letter of one of them rests it.
pub const PATH: [&str; 4] = ["fraud-scoring", "inventory", "payment", "shipping"];

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum State {
    /// On its way; the step it has reached.
    InProgress(Step),
    /// A dead letter of a step on its path waits for somebody to decide.
    Parked,
    /// Final: refused as fraud.
    Rejected,
    /// Final: at least one line was short.
    OutOfStock,
    /// Final: not paid.
    Declined,
    /// Final: its customer has taken it back, and has paid nothing or has the money back.
    Cancelled,
    /// Final: the carrier will not take it, and the customer has the money back.
    Undeliverable,
    /// Final: the carrier has taken it on.
    Fulfilled,
}

/// How far an order on its way has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Step {
    /// Accepted; not judged yet.
    Accepted,
    /// Waits for a person to judge.
    Held,
    /// Judged; nothing set aside yet.
    Validated,
    /// Set aside; not paid yet.
    Reserved,
    /// Paid; no label yet.
    Paid,
    /// Will not be shipped; the money is on its way back.
    Refunding,
}

impl State {
    /// The final states.
    pub const FINAL: [Self; 6] = [
        Self::Fulfilled,
        Self::Rejected,
        Self::OutOfStock,
        Self::Declined,
        Self::Cancelled,
        Self::Undeliverable,
    ];

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::InProgress(_) | Self::Parked)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::InProgress(Step::Accepted) => "InProgress (accepted)",
            Self::InProgress(Step::Held) => "InProgress (held)",
            Self::InProgress(Step::Validated) => "InProgress (validated)",
            Self::InProgress(Step::Reserved) => "InProgress (reserved)",
            Self::InProgress(Step::Paid) => "InProgress (paid)",
            Self::InProgress(Step::Refunding) => "InProgress (refunding)",
            Self::Parked => "Parked",
            Self::Rejected => "Rejected",
            Self::OutOfStock => "OutOfStock",
            Self::Declined => "Declined",
            Self::Cancelled => "Cancelled",
            Self::Undeliverable => "Undeliverable",
            Self::Fulfilled => "Fulfilled",
        };
        f.pad(name)
    }
}

/// What one event says of its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fact {
    /// OrderHeldForReview.
    Held,
    /// OrderReviewCancelled.
    ReviewCancelled,
    /// OrderValidatedForFraud.
    Validated,
    /// OrderFraudDetected.
    Fraud,
    /// InventoryReserved.
    Reserved,
    /// InventoryShortage.
    Short,
    /// PaymentProcessed.
    Paid,
    /// PaymentFailed, for whatever reason but the next.
    Unpaid,
    /// PaymentFailed because the order was cancelled.
    PaymentCancelled,
    /// PaymentRefunded.
    Refunded,
    /// ShippingLabelGenerated.
    Labelled,
    /// ShippingFailed.
    Refused,
    /// ShippingCancelled.
    ShippingCancelled,
}

impl Fact {
    /// What an event says: its record type by full name, and its `reason` where it has one. Most say nothing of the
    /// order's state.
    #[must_use]
    pub fn of(full_name: &str, reason: Option<&str>) -> Option<Self> {
        if PaymentFailed::is_named(full_name) {
            return Some(if reason == Some(CANCELLED) { Self::PaymentCancelled } else { Self::Unpaid });
        }
        type IsNamed = fn(&str) -> bool;
        let table: [(IsNamed, Self); 11] = [
            (OrderHeldForReview::is_named, Self::Held),
            (OrderReviewCancelled::is_named, Self::ReviewCancelled),
            (OrderValidatedForFraud::is_named, Self::Validated),
            (OrderFraudDetected::is_named, Self::Fraud),
            (InventoryReserved::is_named, Self::Reserved),
            (InventoryShortage::is_named, Self::Short),
            (PaymentProcessed::is_named, Self::Paid),
            (PaymentRefunded::is_named, Self::Refunded),
            (ShippingLabelGenerated::is_named, Self::Labelled),
            (ShippingFailed::is_named, Self::Refused),
            (ShippingCancelled::is_named, Self::ShippingCancelled),
        ];
        table.into_iter().find(|(is_named, _)| is_named(full_name)).map(|(_, fact)| fact)
    }
}

/// What is known of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What its events say of it.
    said: BTreeSet<Fact>,
    /// Which event a service has answered, by an output or a note in its journal: service, event id.
    answered: BTreeSet<(String, Uuid)>,
    /// Which event a service has dead-lettered: service, event id.
    buried: BTreeSet<(String, Uuid)>,
}

impl Facts {
    /// Takes an event of the order into account: its record type by full name, its `reason` where it has one, the step
    /// that made it and the event that led to it.
    pub fn event(&mut self, full_name: &str, reason: Option<&str>, source: &str, cause: Option<Uuid>) {
        self.said.extend(Fact::of(full_name, reason));
        if let Some(cause) = cause {
            let service = source.split('.').next().unwrap_or(source);
            self.answered.insert((service.to_owned(), cause));
        }
    }

    /// Takes a dead letter into account: the service that gave up (without the environment's prefix), and the id of
    /// the event it gave up on. One beside the order's path rests nothing.
    pub fn dead_letter(&mut self, service: &str, event: Uuid) {
        if PATH.contains(&service) {
            self.buried.insert((service.to_owned(), event));
        }
    }

    /// Takes into account that a service has dealt with an event it had given up, or that had waited: its journal says so,
    /// also when there was nothing to say to the event.
    pub fn settled(&mut self, service: &str, event: Uuid) {
        self.answered.insert((service.to_owned(), event));
    }

    /// What was given up and has not been answered since: service, event id.
    pub fn unanswered(&self) -> impl Iterator<Item = &(String, Uuid)> {
        self.buried.difference(&self.answered)
    }

    /// The order's state. A final state wins over a dead letter.
    #[must_use]
    pub fn state(&self) -> State {
        match self.finals().max() {
            Some(state) => state,
            None if self.unanswered().next().is_some() => State::Parked,
            None => State::InProgress(self.step()),
        }
    }

    /// All final states its events name. More than one is a broken promise.
    pub fn finals(&self) -> impl Iterator<Item = State> {
        let all = |facts: &[Fact]| facts.iter().all(|fact| self.said.contains(fact));
        let cancelled = all(&[Fact::ReviewCancelled])
            || all(&[Fact::PaymentCancelled])
            || all(&[Fact::ShippingCancelled, Fact::Refunded]);
        let table = [
            (all(&[Fact::Fraud]), State::Rejected),
            (all(&[Fact::Short]), State::OutOfStock),
            (all(&[Fact::Unpaid]), State::Declined),
            (cancelled, State::Cancelled),
            (all(&[Fact::Refused, Fact::Refunded]), State::Undeliverable),
            (all(&[Fact::Labelled]), State::Fulfilled),
        ];
        table.into_iter().filter(|(named, _)| *named).map(|(_, state)| state)
    }

    /// The furthest step its events tell of.
    fn step(&self) -> Step {
        let reached = self.said.iter().map(|fact| match fact {
            Fact::Held => Step::Held,
            Fact::Validated => Step::Validated,
            Fact::Reserved => Step::Reserved,
            Fact::Paid => Step::Paid,
            Fact::Refused | Fact::ShippingCancelled | Fact::Refunded => Step::Refunding,
            // These are final by themselves.
            Fact::ReviewCancelled
            | Fact::Fraud
            | Fact::Short
            | Fact::Unpaid
            | Fact::PaymentCancelled
            | Fact::Labelled => Step::Accepted,
        });
        reached.max().unwrap_or(Step::Accepted)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Event = (&'static str, Option<&'static str>);

    const PLACED: Event = ("orders.OrderPlaced", None);
    const CANCEL: Event = ("orders.OrderCancelRequested", None);
    const HELD: Event = ("fraud.OrderHeldForReview", None);
    const REVIEW_CANCELLED: Event = ("fraud.OrderReviewCancelled", None);
    const VALIDATED: Event = ("fraud.OrderValidatedForFraud", None);
    const FRAUD: Event = ("fraud.OrderFraudDetected", None);
    const RESERVED: Event = ("inventory.InventoryReserved", None);
    const SHORT: Event = ("inventory.InventoryShortage", None);
    const RELEASED: Event = ("inventory.InventoryReleased", Some("refunded"));
    const SHIPPED: Event = ("inventory.InventoryShipped", None);
    const PAID: Event = ("payments.PaymentProcessed", None);
    const UNPAID: Event = ("payments.PaymentFailed", Some("declined"));
    const PAYMENT_CANCELLED: Event = ("payments.PaymentFailed", Some("cancelled"));
    const REFUNDED: Event = ("payments.PaymentRefunded", Some("cancelled"));
    const LABELLED: Event = ("shipping.ShippingLabelGenerated", None);
    const REFUSED: Event = ("shipping.ShippingFailed", Some("undeliverable_address"));
    const SHIPPING_CANCELLED: Event = ("shipping.ShippingCancelled", None);
    const CANCEL_REJECTED: Event = ("shipping.OrderCancelRejected", Some("label_bought"));

    /// Every way an order may go, and where it ends. A request to cancel may be anywhere in it.
    const PATHS: [(&[Event], State); 9] = [
        (&[PLACED, FRAUD], State::Rejected),
        (&[PLACED, REVIEW_CANCELLED], State::Cancelled),
        (&[PLACED, VALIDATED, SHORT], State::OutOfStock),
        (&[PLACED, VALIDATED, RESERVED, UNPAID, RELEASED], State::Declined),
        (&[PLACED, VALIDATED, RESERVED, PAYMENT_CANCELLED, RELEASED], State::Cancelled),
        (&[PLACED, VALIDATED, RESERVED, PAID, REFUSED, REFUNDED, RELEASED], State::Undeliverable),
        (&[PLACED, VALIDATED, RESERVED, PAID, SHIPPING_CANCELLED, REFUNDED, RELEASED], State::Cancelled),
        (&[PLACED, VALIDATED, RESERVED, PAID, LABELLED, SHIPPED], State::Fulfilled),
        (&[PLACED, VALIDATED, RESERVED, PAID, LABELLED, SHIPPED, CANCEL_REJECTED], State::Fulfilled),
    ];

    fn facts<'a>(events: impl IntoIterator<Item = &'a Event>) -> Facts {
        let mut facts = Facts::default();
        for (name, reason) in events {
            facts.event(&format!("orderflow.{name}"), *reason, "a-service.on_something", None);
        }
        facts
    }

    /// A legal set of events: a path cut off somewhere, with or without a review and a request to cancel; in any
    /// order, some of it twice. With the whole path's end.
    fn legal() -> impl Strategy<Value = (Vec<Event>, usize, bool)> {
        let path = (0..PATHS.len(), any::<bool>(), any::<bool>());
        path.prop_flat_map(|(path, held, cancel)| {
            (0..=PATHS[path].0.len()).prop_flat_map(move |cut| {
                let mut events = PATHS[path].0[..cut].to_vec();
                events.extend(held.then_some(HELD));
                events.extend(cancel.then_some(CANCEL));
                let again =
                    prop::collection::vec(prop::sample::select(PATHS[path].0[..cut.max(1)].to_vec()), 0..3);
                let events = (Just(events), again).prop_map(|(events, again)| [events, again].concat());
                (events.prop_shuffle(), Just(path), Just(cut == PATHS[path].0.len()))
            })
        })
    }

    proptest! {
        #[test]
        fn any_arrival_order_of_a_legal_set_gives_one_state_and_never_two_ends((events, path, whole) in legal()) {
            let known = facts(&events);
            let mut sorted = events.clone();
            sorted.sort();
            prop_assert_eq!(known.state(), facts(&sorted).state());
            let finals: Vec<State> = known.finals().collect();
            prop_assert!(finals.iter().all(|state| *state == PATHS[path].1), "{:?} of {:?}", finals, events);
            prop_assert!(finals.len() <= 1);
            if whole {
                prop_assert_eq!(known.state(), PATHS[path].1);
            }
        }

        #[test]
        fn a_final_state_stays_whatever_dead_letters_come((events, path, _) in legal(), buried in any::<u128>()) {
            let mut known = facts(&events);
            known.dead_letter("payment", Uuid::from_u128(buried));
            let ended = known.finals().next().is_some();
            prop_assert_eq!(known.state(), if ended { PATHS[path].1 } else { State::Parked });
        }
    }

    #[test]
    fn an_order_on_its_way_tells_how_far_it_has_come() {
        let table: [(&[Event], Step); 7] = [
            (&[], Step::Accepted),
            (&[HELD], Step::Held),
            (&[VALIDATED, HELD], Step::Validated),
            (&[RESERVED], Step::Reserved),
            (&[PAID], Step::Paid),
            (&[PAID, SHIPPING_CANCELLED], Step::Refunding),
            (&[PAID, REFUSED], Step::Refunding),
        ];
        for (events, step) in table {
            assert_eq!(facts(events.iter().chain([&PLACED, &CANCEL])).state(), State::InProgress(step));
        }
    }

    #[test]
    fn a_dead_letter_parks_until_its_own_journal_says_that_it_is_settled() {
        let cause = Uuid::from_u128(7);
        let mut known = facts(&[RESERVED]);
        known.settled("shipping", cause);
        known.dead_letter("payment", cause);
        assert_eq!(known.state(), State::Parked);
        known.settled("payment", cause);
        assert_eq!(known.state(), State::InProgress(Step::Reserved));
    }

    #[test]
    fn a_dead_letter_parks_until_its_own_service_has_answered() {
        let cause = Uuid::from_u128(7);
        let mut known = facts(&[RESERVED]);
        known.dead_letter("payment", cause);
        assert_eq!(known.state(), State::Parked);
        known.event("orderflow.later.SomethingNew", None, "later.on_something", Some(cause));
        assert_eq!(known.state(), State::Parked);
        known.event(
            "orderflow.payments.PaymentProcessed",
            None,
            "payment.on_inventory_reserved",
            Some(cause),
        );
        assert_eq!(known.state(), State::InProgress(Step::Paid));
    }
}
