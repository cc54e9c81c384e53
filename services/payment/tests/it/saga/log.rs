//! What stands on the log of the model, and how the state follows from it.

use std::sync::{Arc, Mutex};

use orderflow::{envelope::Envelope, events::PaymentRefunded};
use payment::{
    PaymentEnded, PaymentEvent,
    domain::wait::Teller,
    fold::{self, Said},
};

use super::world::World;

/// Why an order will not be shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Failed,
    Cancelled,
}

/// A record the service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    Reserved,
    Shipping(Cause),
    /// One of the bank's callbacks, by its place.
    Callback(usize),
    /// No record, but the time.
    Deadline,
}

/// What stands on the log, of an order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    CancelRequested,
    Said(Input, Saying),
}

/// What the service said to a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Saying {
    Payment(Option<PaymentEvent>),
    Ended(Option<PaymentEnded>),
    Refund(Option<PaymentRefunded>),
}

impl Saying {
    /// How it says that the payment ended.
    pub(super) fn end(&self) -> Option<PaymentEnded> {
        match self.clone() {
            Self::Payment(Some(PaymentEvent::PaymentProcessed(event))) => Some(event.into()),
            Self::Payment(Some(PaymentEvent::PaymentFailed(event))) => Some(event.into()),
            Self::Ended(ended) => ended,
            Self::Payment(_) | Self::Refund(_) => None,
        }
    }
}

pub(super) type Log = Arc<Mutex<Vec<(usize, Entry)>>>;

impl World {
    /// What an entry says to a fold.
    pub(super) fn says(&self, (order, entry): &(usize, Entry)) -> Said {
        let mut said = Said::default();
        let reserved = &self.reserved[*order];
        let (input, saying) = match entry.clone() {
            Entry::CancelRequested => {
                said.cancels.push(reserved.event.order.order_id);
                return said;
            }
            Entry::Said(input, saying) => (input, saying),
        };
        let teller = match input {
            Input::Callback(which) => Teller::Callback(self.callbacks[which].1.envelope.id),
            Input::Deadline => Teller::Deadline,
            Input::Reserved | Input::Shipping(_) => Teller::Reservation,
        };
        said.ends.extend(saying.end().map(|end| match end {
            PaymentEnded::PaymentProcessed(event) => fold::paid(event, teller),
            PaymentEnded::PaymentFailed(event) => fold::failed(event, teller),
        }));
        match saying {
            Saying::Payment(Some(PaymentEvent::PaymentActionRequired(event))) => {
                let cause = Some(reserved.envelope.id);
                let envelope = Envelope { causation_id: cause, ..reserved.envelope.clone() };
                said.waiters.push(fold::waiter(event, &envelope, 0));
            }
            Saying::Refund(event) => said.refunds.extend(event.map(fold::refunded)),
            Saying::Payment(_) | Saying::Ended(_) => {}
        }
        said
    }
}
