//! `POST /activity`: what a caller sends, as JSON, and what it must look like. Pure.

use std::collections::HashSet;

use orderflow::http::{Mistakes, object::objects};
use serde::Deserialize;

use crate::{
    catalogue::Catalogue,
    request::RequestLine,
    validate::{customer_id as check_customer, quantity as check_quantity},
};

/// Most activities of one request.
pub const MAX_ACTIVITIES: usize = 100;
/// Most lines of a cart.
pub const MAX_CART: usize = 200;

/// Several activities. Not yet checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// In the order in which they happened.
    #[serde(deserialize_with = "objects")]
    pub activities: Vec<Activity>,
}

/// One activity. A plain struct, so that a mistake is found at its own field.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// `product_viewed` or `cart_updated`.
    pub r#type: String,
    /// The merchant's name for the customer.
    pub customer_id: String,
    /// Of a view: what was viewed.
    #[serde(default)]
    pub sku: Option<String>,
    /// Of a cart: all that is in it now.
    #[serde(default)]
    pub lines: Option<Lines>,
}

/// The lines of a cart.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Lines(#[serde(deserialize_with = "objects")] pub Vec<RequestLine>);

/// A checked activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A product was viewed.
    Viewed { customer_id: String, sku: String },
    /// The cart holds these SKUs and units now.
    Cart { customer_id: String, lines: Vec<(String, i32)> },
}

/// The activities of a report; complete only when no mistake was noted.
pub fn checked(report: Report, catalogue: &Catalogue, mistakes: &mut Mistakes) -> Vec<Deed> {
    let count = report.activities.len();
    mistakes.expect(count > 0, "/activities", "empty", "at least one activity");
    if count > MAX_ACTIVITIES {
        mistakes.add("/activities", "too_many", format!("at most {MAX_ACTIVITIES} activities"));
        return Vec::new();
    }
    let activities = (0..).zip(report.activities);
    activities.filter_map(|(index, activity)| one(index, activity, catalogue, mistakes)).collect()
}

fn one(index: usize, activity: Activity, catalogue: &Catalogue, mistakes: &mut Mistakes) -> Option<Deed> {
    let at = |field: &str| format!("/activities/{index}/{field}");
    let Activity { r#type, customer_id, sku, lines } = activity;
    check_customer(&customer_id, &at("customer_id"), mistakes);
    match (r#type.as_str(), sku, lines) {
        ("product_viewed", Some(sku), None) => {
            known(&sku, &at("sku"), catalogue, mistakes);
            Some(Deed::Viewed { customer_id, sku })
        }
        ("cart_updated", None, Some(Lines(lines))) => {
            let lines = cart(lines, &at("lines"), catalogue, mistakes);
            Some(Deed::Cart { customer_id, lines })
        }
        ("product_viewed", sku, lines) => {
            mistakes.expect(sku.is_some(), &at("sku"), "missing", "the product that was viewed");
            mistakes.expect(lines.is_none(), &at("lines"), "unknown_field", "a view has none");
            None
        }
        ("cart_updated", sku, lines) => {
            mistakes.expect(
                lines.is_some(),
                &at("lines"),
                "missing",
                "what is in the cart now; may be empty",
            );
            mistakes.expect(sku.is_none(), &at("sku"), "unknown_field", "a cart has lines");
            None
        }
        _ => {
            mistakes.add(at("type"), "unknown", "product_viewed or cart_updated");
            None
        }
    }
}

fn known(sku: &str, field: &str, catalogue: &Catalogue, mistakes: &mut Mistakes) {
    let known = catalogue.product(sku).is_some();
    mistakes.expect(known, field, "unknown", "the catalogue has no such SKU: see GET /catalogue");
}

fn cart(
    lines: Vec<RequestLine>,
    field: &str,
    catalogue: &Catalogue,
    mistakes: &mut Mistakes,
) -> Vec<(String, i32)> {
    if lines.len() > MAX_CART {
        mistakes.add(field, "too_many", format!("at most {MAX_CART} lines"));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut checked = Vec::with_capacity(lines.len());
    for (index, RequestLine { sku, quantity }) in lines.into_iter().enumerate() {
        known(&sku, &format!("{field}/{index}/sku"), catalogue, mistakes);
        if !seen.insert(sku.clone()) {
            mistakes.add(
                format!("{field}/{index}/sku"),
                "duplicate",
                "one line a SKU: add up the quantities",
            );
        }
        check_quantity(quantity, &format!("{field}/{index}/quantity"), mistakes);
        checked.extend(i32::try_from(quantity).map(|units| (sku, units)));
    }
    checked
}
