//! `POST /v1/labels/by-order/{order_id}/void`: see to it that no label can ever be bought for an order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::book::{Decision, Simulator};
use crate::carrier::label::LONGEST_TEXT;
use crate::carrier::{Carrier, Entry, Label, LabelStatus, problem};
use crate::reply::Reply;

/// An order that will never have a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderVoid {
    /// The shop's order id.
    pub order_id: String,
}

/// What the caller is told.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Found<'a> {
    /// There is no label, and there will be none.
    Voided {
        /// The shop's order id.
        order_id: &'a str,
        /// When it was voided for the first time.
        voided_at: Timestamp,
    },
    /// One was bought before; it stays.
    LabelBought {
        /// The shop's order id.
        order_id: &'a str,
        /// The label.
        label: &'a Label,
    },
}

/// Voids the order unless it has a label. Doing it again changes nothing and is answered as the first time.
pub fn void(carrier: &Carrier, order_id: String) -> Decision<Entry> {
    if order_id.len() > LONGEST_TEXT {
        return Decision::Answer(problem::invalid("order_id", "An order id has 1 to 200 characters."));
    }
    match (carrier.of_order(&order_id), carrier.voided_orders.get(&order_id)) {
        (Some(label), _) if label.status == LabelStatus::Purchased => {
            Decision::Answer(Reply::ok(&Found::LabelBought { order_id: &order_id, label }))
        }
        (_, Some(line)) => Decision::Answer(Carrier::answer(line)),
        (_, None) => Decision::Record(Entry::OrderVoid(OrderVoid { order_id })),
    }
}
