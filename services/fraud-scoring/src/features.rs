//! What scorers judge by: one struct of named numbers, from the order and its history.

use std::collections::BTreeSet;

use orderflow::events::{Line, Order};

use crate::{
    history::{History, Shared},
    labels::Learned,
    windows::{DAY, SECOND},
};

/// The features of one order. Counts and sums include the order itself unless a field says "earlier".
///
/// A function of the order and its stored history alone, so that what is replayed from the log equals what served.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Features {
    /// The order's total, minor units.
    pub amount: i64,
    /// Mean of the customer's earlier totals in this currency within 90 d, minor units; none without any.
    pub average_amount: Option<f64>,
    /// How many earlier orders that mean is of.
    pub average_of: i64,
    /// The standard deviation around it, whole minor units.
    pub spread: i64,
    /// The customer's largest earlier total in this currency within 24 h, minor units; none without any.
    pub largest_24h: Option<i64>,
    /// The customer's earlier orders within 90 d, at most 256.
    pub known_orders: i64,
    /// The customer's orders within 60 s.
    pub orders_60s: i64,
    /// The customer's orders within 1 h.
    pub orders_1h: i64,
    /// The customer's orders within 24 h.
    pub orders_24h: i64,
    /// Microseconds since the customer's order before, within 90 d; none without any.
    pub since_last: Option<i64>,
    /// The customer's earlier orders within 90 d that were placed within 3 h of this time of day.
    pub near_this_hour: i64,
    /// Their sum in this currency, minor units.
    pub amount_24h: i64,
    /// The customer's earlier small charges within 300 s.
    pub small_300s: i64,
    /// The customer's earlier small charges within 1 h.
    pub small_1h: i64,
    /// Cards the customer used within 24 h.
    pub cards_24h: i64,
    /// The card against the profile.
    pub card: Familiarity,
    /// The device against the profile.
    pub device: Familiarity,
    /// The delivery address against the profile.
    pub address: Familiarity,
    /// The delivery country against the profile.
    pub country: Familiarity,
    /// Orders of all customers with this card.
    pub by_card: Sharing,
    /// Orders of all customers on this device; zeroes where the device is unknown.
    pub by_device: Sharing,
    /// Orders of all customers to this address.
    pub by_address: Sharing,
    /// Orders of all customers from this network address; zeroes where it is unknown.
    pub by_ip: Sharing,
    /// Billing and delivery are in different countries.
    pub delivery_abroad: bool,
    /// The caller's country is known.
    pub ip_country_known: bool,
    /// The caller is in a country that is neither of billing nor of delivery.
    pub ip_elsewhere: bool,
    /// Different countries among billing, delivery and caller: 1 to 3.
    pub countries: i64,
    /// Days since the account was made; 0 for a guest.
    pub account_age_days: i64,
    /// Seconds since midnight, UTC, when it was placed.
    pub second_of_day: i64,
    /// The order's lines.
    pub lines: i64,
    /// Units of all lines.
    pub units: i64,
    /// What all lines cost, minor units.
    pub lines_total: i64,
    /// What the costliest line costs, minor units.
    pub costliest_line: i64,
    /// What was learned later about earlier orders. No part of the vector: a model has not seen labels.
    pub labels: Learned,
}

/// Whether the profile knows a card, a device, an address or a country.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Familiarity {
    /// The profile has none to compare with, or the order names none.
    #[default]
    Unknown,
    /// An earlier order had the same.
    Known,
    /// Earlier orders had others, never this.
    New,
}

/// How much orders share one card, device, address or network address. Counts reach at most 33.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sharing {
    /// Orders within 60 s.
    pub orders_60s: i64,
    /// Orders within 1 h.
    pub orders_1h: i64,
    /// Orders within 24 h.
    pub orders_24h: i64,
    /// Earlier small charges within 300 s.
    pub small_300s: i64,
    /// Earlier small charges within 1 h.
    pub small_1h: i64,
    /// Cards within 24 h.
    pub cards_24h: i64,
    /// Other customers within 7 d.
    pub others_7d: i64,
}

impl Features {
    /// The features of an order with this history.
    #[must_use]
    pub fn of(order: &Order, history: &History) -> Self {
        let (billing, delivery, ip) =
            (order.billing_country.as_str(), order.delivery_country.as_str(), order.ip_country.as_deref());
        let countries: BTreeSet<&str> = [billing, delivery].into_iter().chain(ip).collect();
        Self {
            amount: order.total,
            average_amount: (history.same_currency > 0)
                .then(|| history.same_currency_total as f64 / history.same_currency as f64),
            average_of: history.same_currency,
            spread: history.spread,
            largest_24h: history.largest_24h,
            known_orders: history.known,
            orders_60s: history.orders_60s + 1,
            orders_1h: history.orders_1h + 1,
            orders_24h: history.orders_24h + 1,
            since_last: history.since_last,
            near_this_hour: history.near_this_hour,
            amount_24h: history.total_24h.saturating_add(order.total),
            small_300s: history.small_300s,
            small_1h: history.small_1h,
            cards_24h: history.other_cards_24h + 1,
            card: familiarity(history.known, history.with_this_card),
            device: match &order.device_hash {
                Some(_) => familiarity(history.with_device, history.on_this_device),
                None => Familiarity::Unknown,
            },
            address: familiarity(history.known, history.to_this_address),
            country: familiarity(history.known, history.to_this_country),
            by_card: Sharing::with_this(&history.card),
            by_device: order
                .device_hash
                .as_ref()
                .map_or_else(Sharing::default, |_| Sharing::with_this(&history.device)),
            by_address: Sharing::with_this(&history.address),
            by_ip: order.ip_hash.as_ref().map_or_else(Sharing::default, |_| Sharing::with_this(&history.ip)),
            delivery_abroad: billing != delivery,
            ip_country_known: ip.is_some(),
            ip_elsewhere: ip.is_some_and(|ip| ip != billing && ip != delivery),
            countries: countries.into_iter().map(|_| 1).sum(),
            account_age_days: i64::from(order.account_age_days),
            second_of_day: order.placed_at.as_second().rem_euclid(DAY / SECOND),
            lines: order.lines.iter().map(|_| 1).sum(),
            units: order.lines.iter().map(|line| i64::from(line.quantity)).sum(),
            lines_total: order.lines.iter().map(cost).fold(0, i64::saturating_add),
            costliest_line: order.lines.iter().map(cost).max().unwrap_or_default(),
            labels: history.labels,
        }
    }
}

impl Sharing {
    fn with_this(earlier: &Shared) -> Self {
        Self {
            orders_60s: earlier.orders_60s + 1,
            orders_1h: earlier.orders_1h + 1,
            orders_24h: earlier.orders_24h + 1,
            small_300s: earlier.small_300s,
            small_1h: earlier.small_1h,
            cards_24h: earlier.other_cards_24h + 1,
            others_7d: earlier.others_7d,
        }
    }
}

fn cost(line: &Line) -> i64 {
    line.unit_price.saturating_mul(line.quantity.into())
}

fn familiarity(comparable: i64, same: i64) -> Familiarity {
    match (comparable, same) {
        (0, _) => Familiarity::Unknown,
        (_, 0) => Familiarity::New,
        _ => Familiarity::Known,
    }
}
