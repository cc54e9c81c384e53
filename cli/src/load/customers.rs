//! Made-up people: names, addresses, cards, devices, network addresses. All from the seed.

use rand::{RngExt, seq::IndexedRandom};
use serde_json::{Value, json};

/// Where the shop's customers live: country, town, postal code.
const PLACES: [(&str, &str, &str); 10] = [
    ("DE", "Berlin", "10115"),
    ("DE", "Leipzig", "04109"),
    ("DE", "Hamburg", "20095"),
    ("AT", "Graz", "8010"),
    ("FR", "Lyon", "69001"),
    ("NL", "Utrecht", "3511 AB"),
    ("GB", "Leeds", "LS1 4DY"),
    ("GB", "Bristol", "BS1 5TR"),
    ("IT", "Turin", "10121"),
    ("ES", "Bilbao", "48001"),
];
const FIRST: [&str; 16] = [
    "Ada", "Bela", "Carl", "Dora", "Emil", "Frida", "Gero", "Hanna", "Ivo", "Jule", "Kim", "Lena", "Milo",
    "Nora", "Otto", "Pia",
];
const LAST: [&str; 12] = [
    "Baker", "Costa", "Duval", "Eriksen", "Fischer", "Garcia", "Hughes", "Ito", "Jansen", "Kowalski", "Lang",
    "Moretti",
];
const STREETS: [&str; 6] =
    ["Canal Street", "Garden Lane", "Mill Road", "Station Road", "Market Square", "Hill View"];

/// One customer.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    /// None for a guest.
    pub id: Option<String>,
    pub name: String,
    pub email: String,
    pub account_age_days: i64,
    pub address: Value,
    pub country: String,
    pub token: String,
    pub device: String,
    pub ip: String,
}

impl Customer {
    /// The `number`-th customer of the run with this name. Numbers keep customers apart: no two share a card, a device
    /// or an address by chance.
    pub(crate) fn new(run: &str, number: usize, rng: &mut impl RngExt) -> Self {
        let (country, city, postal_code) = *PLACES.choose(rng).unwrap_or(&PLACES[0]);
        let first = FIRST.choose(rng).copied().unwrap_or("Ada");
        let last = LAST.choose(rng).copied().unwrap_or("Baker");
        let street = STREETS.choose(rng).copied().unwrap_or("Mill Road");
        let line1 = format!("{street} {}", number + 1);
        Self {
            id: Some(format!("{run}-{number}")),
            name: format!("{first} {last}"),
            email: format!("{}.{}.{number}@{run}.example", first.to_lowercase(), last.to_lowercase()),
            account_age_days: rng.random_range(30..2_000),
            address: json!({ "line1": line1, "city": city, "postal_code": postal_code, "country": country }),
            country: country.to_owned(),
            token: format!("tok_visa_{run}_{number}"),
            device: format!("{run}-device-{number}"),
            // Addresses for documentation and benchmarks (RFC 2544): nobody's own.
            ip: format!("198.{}.{}.{}", 18 + number / 62_500 % 2, number / 250 % 250, number % 250 + 1),
        }
    }

    /// The body of an order for these SKUs and units; the bill goes where the parcel does, unless to `billing`.
    pub(crate) fn order(&self, currency: &str, lines: &[(String, i64)], billing: Option<&str>) -> Value {
        let lines: Vec<Value> =
            lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
        json!({
            "customer": {
                "id": self.id,
                "name": self.name,
                "email": self.email,
                "account_age_days": self.account_age_days,
            },
            "delivery_address": self.address,
            "billing_country": billing,
            "lines": lines,
            "currency": currency,
            "payment_token": self.token,
            "device_id": self.device,
        })
    }

    /// The same customer without an account.
    pub(super) fn into_guest(mut self) -> Self {
        self.id = None;
        self.account_age_days = 0;
        self
    }
}
