//! An order before it has a time on the log: who and what, by numbers.

use jiff::Timestamp;
use orderflow::{
    envelope::ids,
    events::{Line, Order, Sealed},
};
use rand::RngExt;
use uuid::{Builder, Uuid};

use super::{
    Scenario,
    random::Dice,
    world::{COUNTRIES, Place},
};

/// Who places an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// An account, by its number.
    Account(u64),
    /// A guest, by the number of the visit.
    Guest(u64),
}

/// An order to be.
#[derive(Debug, Clone)]
pub struct Draft {
    pub who: Who,
    /// In days.
    pub account_age: f64,
    pub card: u64,
    pub device: Option<u64>,
    pub address: u64,
    pub ip: Option<u64>,
    pub billing: Place,
    pub delivery: Place,
    pub caller: Place,
    pub lines: Vec<Line>,
    pub express: bool,
    pub fraud: Option<Scenario>,
}

impl Draft {
    /// The order, placed at this time (microseconds since 1970 UTC).
    pub fn order(self, at: i64, dice: &mut Dice) -> Order {
        let total = self.lines.iter().map(|line| i64::from(line.quantity) * line.unit_price).sum();
        Order {
            order_id: order_id(at, dice),
            customer_id: match self.who {
                Who::Account(number) => format!("customer-{number}"),
                Who::Guest(number) => format!("guest-{number}"),
            },
            total,
            lines: self.lines,
            currency: COUNTRIES[self.billing].currency.to_owned(),
            payment_token: format!("tok_{}", self.card),
            billing_country: COUNTRIES[self.billing].code.to_owned(),
            delivery_country: COUNTRIES[self.delivery].code.to_owned(),
            ip_country: self.ip.map(|_| COUNTRIES[self.caller].code.to_owned()),
            card_hash: hash("card", self.card),
            device_hash: self.device.map(|device| hash("device", device)),
            address_hash: hash("address", self.address),
            ip_hash: self.ip.map(|ip| hash("ip", ip)),
            account_age_days: match self.who {
                Who::Account(_) => self.account_age.max(0.0) as i32,
                Who::Guest(_) => 0,
            },
            priority: if self.express { "express" } else { "standard" }.to_owned(),
            placed_at: Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH),
            sealed: Sealed { key_id: Uuid::nil(), nonce: Vec::new(), ciphertext: Vec::new() },
        }
    }
}

/// A UUID of version 7, as intake makes them.
fn order_id(at: i64, dice: &mut Dice) -> Uuid {
    Builder::from_unix_timestamp_millis(at.unsigned_abs() / 1_000, &dice.random()).into_uuid()
}

/// 32 hex digits, as keyed hashes on the topic have.
fn hash(kind: &str, number: u64) -> String {
    ids::from_parts(&["simulated", kind, &number.to_string()]).simple().to_string()
}
