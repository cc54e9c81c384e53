//! How a request becomes an order. Pure: time, ids, prices and sealed data are given.

use std::sync::Arc;

use jiff::Timestamp;
use orderflow::{
    events::{Order, OrderPlaced, Sealed},
    sealed::{Address, Person},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{hashes::KeyedHashes, network::Place, price::Priced, request::PlaceOrder};

/// Whom the order is for: the merchant's name for the customer, or a guest's lasting pseudonym.
pub fn customer_id(request: &PlaceOrder, hashes: &KeyedHashes) -> String {
    request.customer.id.clone().unwrap_or_else(|| hashes.guest(&request.customer.email))
}

/// The personal data that only the sealing key opens again.
pub fn person(request: &PlaceOrder) -> Person {
    let address = &request.delivery_address;
    Person {
        name: request.customer.name.clone(),
        email: request.customer.email.clone(),
        address: Address {
            line1: address.line1.clone(),
            line2: address.line2.clone(),
            city: address.city.clone(),
            postal_code: Some(address.postal_code.clone()),
            region: address.region.clone(),
            country: address.country.clone(),
        },
    }
}

/// What is decided about an order before it is made.
pub struct Decided {
    /// Its id.
    pub order_id: Uuid,
    /// See [`customer_id`].
    pub customer_id: String,
    /// Lines with prices.
    pub priced: Priced,
    /// When it is accepted.
    pub placed_at: Timestamp,
    /// [`person`], sealed for this order.
    pub sealed: Sealed,
}

/// The order, of a request that is valid. Nothing personal is in the clear: hashes are keyed, the rest is sealed.
pub fn order(request: &PlaceOrder, place: &Place, hashes: &KeyedHashes, decided: Decided) -> Order {
    let Decided { order_id, customer_id, priced, placed_at, sealed } = decided;
    let delivery_country = request.delivery_address.country.clone();
    Order {
        order_id,
        customer_id,
        lines: priced.lines,
        total: priced.total,
        currency: request.currency.clone(),
        payment_token: request.payment_token.clone(),
        billing_country: request.billing_country.clone().unwrap_or_else(|| delivery_country.clone()),
        delivery_country,
        ip_country: place.country.clone(),
        card_hash: hashes.card(&request.payment_token),
        device_hash: request.device_id.as_deref().map(|device| hashes.device(device)),
        address_hash: hashes.address(&request.delivery_address),
        ip_hash: place.ip.map(|ip| hashes.ip(ip)),
        account_age_days: i32::try_from(request.customer.account_age_days).unwrap_or(i32::MAX),
        priority: request.priority.clone(),
        placed_at,
        sealed,
    }
}

/// The event that says so.
pub fn order_placed(
    order: Order,
    principal: &str,
    key_hash: Option<String>,
    request_hash: String,
) -> OrderPlaced {
    OrderPlaced {
        order: Arc::new(order),
        principal: principal.to_owned(),
        idempotency_key_hash: key_hash,
        request_hash,
    }
}

/// The answer to a caller: the body of the 202.
#[derive(Serialize)]
struct Answer<'a> {
    order_id: Uuid,
    status: &'static str,
    total: i64,
    currency: &'a str,
    placed_at: Timestamp,
}

/// The JSON body an accepted order is answered with. A function of the order alone, so that it can be given again when
/// only the log remembers it.
pub fn answer(order: &Order) -> Vec<u8> {
    let Order { order_id, total, currency, placed_at, .. } = order;
    let answer =
        Answer { order_id: *order_id, status: "accepted", total: *total, currency, placed_at: *placed_at };
    serde_json::to_vec(&answer).unwrap_or_default() // plain text and numbers always serialise
}
