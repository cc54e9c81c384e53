//! `POST /orders`: what a caller sends, as JSON.
//!
//! Unknown fields are refused by name: a misspelt optional field would otherwise be lost without a word.

use orderflow::http::object::{object, objects};
use serde::{Deserialize, Serialize};

use crate::hashes::sha256_hex;

/// An order as it is asked for. Not yet checked.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// Who buys.
    #[serde(deserialize_with = "object")]
    pub customer: Customer,
    /// Where the parcel goes.
    #[serde(deserialize_with = "object")]
    pub delivery_address: Address,
    /// ISO 3166-1 alpha-2; the delivery country when absent.
    #[serde(default)]
    pub billing_country: Option<String>,
    /// What is bought; one line a SKU.
    #[serde(deserialize_with = "objects")]
    pub lines: Vec<RequestLine>,
    /// ISO 4217.
    pub currency: String,
    /// The gateway's token for the means of payment.
    pub payment_token: String,
    /// The shop's name for the buyer's device.
    #[serde(default)]
    pub device_id: Option<String>,
    /// `standard` (when absent) or `express`.
    #[serde(default = "standard")]
    pub priority: String,
}

/// The buyer. Without an id: a guest.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The merchant's name for the customer.
    #[serde(default)]
    pub id: Option<String>,
    /// As it goes on the label.
    pub name: String,
    /// Where the shop writes to.
    pub email: String,
    /// Days since the account was made; a guest has none.
    #[serde(default)]
    pub account_age_days: i64,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    pub line1: String,
    /// Flat, floor, company.
    #[serde(default)]
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// Postal code.
    pub postal_code: String,
    /// State, county or province.
    #[serde(default)]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// One SKU and how many of it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLine {
    /// As the catalogue names it.
    pub sku: String,
    /// Units.
    pub quantity: i64,
}

fn standard() -> String {
    "standard".to_owned()
}

/// SHA-256 (hex) over a request's meaning: parsed and written again in one order of fields with defaults filled in, so
/// that spaces, the order of fields and spelt-out defaults make no difference. An order's goes on the log keyed only
/// ([`KeyedHashes::request`](crate::hashes::KeyedHashes::request)): this one could be guessed.
pub fn request_hash<R: Serialize>(request: &R) -> String {
    // Plain structs of text and numbers always serialise.
    sha256_hex(&serde_json::to_vec(request).unwrap_or_default())
}
