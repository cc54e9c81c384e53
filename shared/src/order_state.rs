//! The state of an order: a function of the *set* of its events, which may arrive in any order and more than once.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;
use uuid::Uuid;

use crate::events::{
    InventoryReserved, InventoryShortage, OrderFraudDetected, OrderPlaced, OrderValidatedForFraud,
    PaymentFailed, PaymentProcessed, Record, ShippingFailed, ShippingLabelGenerated,
};

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
    /// Final: paid, and the carrier will not take it.
    Undeliverable,
    /// Final: the carrier has taken it on.
    Fulfilled,
}

/// How far an order on its way has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Step {
    /// Accepted; not judged yet.
    Accepted,
    /// Judged; nothing set aside yet.
    Validated,
    /// Set aside; not paid yet.
    Reserved,
    /// Paid; no label yet.
    Paid,
}

impl State {
    /// The final states.
    pub const FINAL: [Self; 5] =
        [Self::Fulfilled, Self::Rejected, Self::OutOfStock, Self::Declined, Self::Undeliverable];

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
            Self::InProgress(Step::Validated) => "InProgress (validated)",
            Self::InProgress(Step::Reserved) => "InProgress (reserved)",
            Self::InProgress(Step::Paid) => "InProgress (paid)",
            Self::Parked => "Parked",
            Self::Rejected => "Rejected",
            Self::OutOfStock => "OutOfStock",
            Self::Declined => "Declined",
            Self::Undeliverable => "Undeliverable",
            Self::Fulfilled => "Fulfilled",
        };
        f.pad(name)
    }
}

/// What is known of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// What its events say of it.
    states: BTreeSet<State>,
    /// Which event led a service to an output: service, event id.
    answered: BTreeSet<(String, Uuid)>,
    /// Which event a service has dead-lettered: service, event id.
    buried: BTreeSet<(String, Uuid)>,
}

impl Facts {
    /// Takes an event of the order into account: its record type by full name, the step that made it and the event
    /// that led to it.
    pub fn event(&mut self, full_name: &str, source: &str, cause: Option<Uuid>) {
        self.states.extend(says(full_name));
        if let Some(cause) = cause {
            let service = source.split('.').next().unwrap_or(source);
            self.answered.insert((service.to_owned(), cause));
        }
    }

    /// Takes a dead letter into account: the service that gave up (without the environment's prefix), and the id of
    /// the event it gave up on.
    pub fn dead_letter(&mut self, service: &str, event: Uuid) {
        self.buried.insert((service.to_owned(), event));
    }

    /// The order's state. A final state wins over a dead letter.
    #[must_use]
    pub fn state(&self) -> State {
        // The order of the variants: final states are the greatest, then how far it has come.
        match self.states.last() {
            Some(state) if state.is_final() => *state,
            _ if !self.buried.is_subset(&self.answered) => State::Parked,
            Some(state) => *state,
            None => State::InProgress(Step::Accepted),
        }
    }

    /// All final states its events name. More than one is a broken promise.
    pub fn finals(&self) -> impl Iterator<Item = State> {
        self.states.iter().copied().filter(|state| state.is_final())
    }
}

/// The state an event puts its order into, if nothing greater is known.
fn says(full_name: &str) -> Option<State> {
    let table: [(String, State); 9] = [
        (OrderPlaced::full_name(), State::InProgress(Step::Accepted)),
        (OrderValidatedForFraud::full_name(), State::InProgress(Step::Validated)),
        (OrderFraudDetected::full_name(), State::Rejected),
        (InventoryReserved::full_name(), State::InProgress(Step::Reserved)),
        (InventoryShortage::full_name(), State::OutOfStock),
        (PaymentProcessed::full_name(), State::InProgress(Step::Paid)),
        (PaymentFailed::full_name(), State::Declined),
        // Until refunds exist; from then on it also takes the refund.
        (ShippingFailed::full_name(), State::Undeliverable),
        (ShippingLabelGenerated::full_name(), State::Fulfilled),
    ];
    table.into_iter().find(|(name, _)| name == full_name).map(|(_, state)| state)
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::SizeRange};

    use super::*;

    /// Anything the log may say of an order.
    #[derive(Debug, Clone)]
    enum Heard {
        Event(&'static str, &'static str, Option<Uuid>),
        DeadLetter(&'static str, Uuid),
    }

    const EVENTS: [(&str, &str); 11] = [
        ("orderflow.orders.OrderPlaced", "order-intake"),
        ("orderflow.fraud.OrderValidatedForFraud", "fraud-scoring.on_order_placed"),
        ("orderflow.fraud.OrderFraudDetected", "fraud-scoring.on_order_placed"),
        ("orderflow.inventory.InventoryReserved", "inventory.on_order_validated"),
        ("orderflow.inventory.InventoryShortage", "inventory.on_order_validated"),
        ("orderflow.inventory.InventoryReleased", "inventory.on_payment_failed"),
        ("orderflow.payments.PaymentProcessed", "payment.on_inventory_reserved"),
        ("orderflow.payments.PaymentFailed", "payment.on_inventory_reserved"),
        ("orderflow.shipping.ShippingLabelGenerated", "shipping.on_payment_processed"),
        ("orderflow.shipping.ShippingFailed", "shipping.on_payment_processed"),
        ("orderflow.later.SomethingNew", "later.on_something"),
    ];

    fn heard() -> impl Strategy<Value = Heard> {
        let id = || (0u128..4).prop_map(Uuid::from_u128);
        let event = (prop::sample::select(EVENTS.to_vec()), prop::option::of(id()))
            .prop_map(|((name, source), cause)| Heard::Event(name, source, cause));
        let letter = (prop::sample::select(vec!["payment", "shipping"]), id())
            .prop_map(|(service, id)| Heard::DeadLetter(service, id));
        prop_oneof![3 => event, 1 => letter]
    }

    fn facts<'a>(all: impl IntoIterator<Item = &'a Heard>) -> Facts {
        let mut facts = Facts::default();
        for heard in all {
            match heard {
                Heard::Event(name, source, cause) => facts.event(name, source, *cause),
                Heard::DeadLetter(service, event) => facts.dead_letter(service, *event),
            }
        }
        facts
    }

    fn shuffled(size: impl Into<SizeRange>) -> impl Strategy<Value = (Vec<Heard>, Vec<Heard>)> {
        prop::collection::vec(heard(), size)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    }

    proptest! {
        #[test]
        fn any_arrival_order_and_any_repeats_give_the_same_state((all, other) in shuffled(0..20)) {
            prop_assert_eq!(facts(&all).state(), facts(&other).state());
            prop_assert_eq!(facts(all.iter().chain(&other)), facts(&all));
        }

        #[test]
        fn a_final_state_is_never_left_for_an_open_one((all, _) in shuffled(1..20), cut in 0usize..20) {
            let cut = cut.min(all.len());
            let before = facts(&all[..cut]).state();
            prop_assert!(!before.is_final() || facts(&all).state().is_final());
        }
    }

    #[test]
    fn each_row_of_the_table_of_states_holds() {
        let state = |count: usize, more: &[usize]| {
            let names = EVENTS[..count].iter().chain(more.iter().map(|index| &EVENTS[*index]));
            let mut facts = Facts::default();
            names.for_each(|(name, source)| facts.event(name, source, None));
            facts.state()
        };
        assert_eq!(state(0, &[]), State::InProgress(Step::Accepted));
        assert_eq!(state(2, &[]), State::InProgress(Step::Validated));
        assert_eq!(state(1, &[2]), State::Rejected);
        assert_eq!(state(2, &[3]), State::InProgress(Step::Reserved));
        assert_eq!(state(2, &[4]), State::OutOfStock);
        assert_eq!(state(2, &[3, 6]), State::InProgress(Step::Paid));
        assert_eq!(state(2, &[3, 5, 7]), State::Declined);
        assert_eq!(state(2, &[3, 6, 8]), State::Fulfilled);
        assert_eq!(state(2, &[3, 6, 9]), State::Undeliverable);
    }

    #[test]
    fn a_dead_letter_parks_until_its_own_service_has_answered() {
        let cause = Uuid::from_u128(7);
        let mut facts = Facts::default();
        facts.event("orderflow.inventory.InventoryReserved", "inventory.on_order_validated", None);
        facts.dead_letter("payment", cause);
        assert_eq!(facts.state(), State::Parked);
        facts.event("orderflow.later.SomethingNew", "later.on_something", Some(cause));
        assert_eq!(facts.state(), State::Parked);
        facts.event("orderflow.payments.PaymentProcessed", "payment.on_inventory_reserved", Some(cause));
        assert_eq!(facts.state(), State::InProgress(Step::Paid));
    }
}
