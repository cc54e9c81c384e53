//! What each field of an order must look like. Pure; names every field at fault.
//!
//! Whether the catalogue sells the lines is asked in [`crate::price`]; whether the card pays is the gateway's to say.

use std::collections::HashSet;

use orderflow::http::Mistakes;

use crate::{
    country::is_country,
    hashes::GUEST_PREFIX,
    request::{Address, Customer, PlaceOrder, RequestLine},
};

/// Most lines of an order.
pub const MAX_LINES: usize = 2_000;
/// Most units of one SKU in an order.
pub const MAX_QUANTITY: i64 = 10_000;
/// Most days an account can be old: a hundred years.
const MAX_ACCOUNT_AGE_DAYS: i64 = 36_500;

/// Checks everything that can be checked without the catalogue.
pub fn validate(request: &PlaceOrder, mistakes: &mut Mistakes) {
    customer(&request.customer, mistakes);
    address(&request.delivery_address, mistakes);
    if let Some(code) = &request.billing_country {
        country(code, "/billing_country", mistakes);
    }
    lines(&request.lines, mistakes);
    let currency = request.currency.len() == 3 && request.currency.bytes().all(|b| b.is_ascii_uppercase());
    mistakes.expect(currency, "/currency", "malformed", "three capital letters (ISO 4217), such as EUR");
    let token = is_payment_token(&request.payment_token);
    mistakes.expect(
        token,
        "/payment_token",
        "malformed",
        "tok_ or pm_, then 1 to 64 letters, digits and underscores",
    );
    if let Some(device) = &request.device_id {
        let device = (1..=128).contains(&device.len()) && device.bytes().all(|b| b.is_ascii_graphic());
        mistakes.expect(device, "/device_id", "malformed", "1 to 128 visible ASCII characters");
    }
    let priority = matches!(request.priority.as_str(), "standard" | "express");
    mistakes.expect(priority, "/priority", "unknown", "standard or express");
}

fn customer(customer: &Customer, mistakes: &mut Mistakes) {
    if let Some(id) = &customer.id {
        customer_id(id, "/customer/id", mistakes);
    }
    text(&customer.name, 200, "/customer/name", mistakes);
    let email = is_email(&customer.email);
    mistakes.expect(email, "/customer/email", "malformed", "an e-mail address, such as ada@example.org");
    let field = "/customer/account_age_days";
    let age = (0..=MAX_ACCOUNT_AGE_DAYS).contains(&customer.account_age_days);
    mistakes.expect(age, field, "out_of_range", "0 to 36500 days");
    let guest = customer.id.is_none() && customer.account_age_days > 0;
    mistakes.expect(!guest, field, "not_for_guests", "a customer without an id has no account");
}

/// The merchant's name for a customer.
pub fn customer_id(id: &str, field: &str, mistakes: &mut Mistakes) {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:@".contains(&b);
    let well_formed = (1..=64).contains(&id.len()) && id.bytes().all(allowed);
    mistakes.expect(well_formed, field, "malformed", "1 to 64 letters, digits and - _ . : @");
    let free = !id.starts_with(GUEST_PREFIX);
    mistakes.expect(free, field, "reserved", "ids that begin with guest- are made here");
}

/// Units of one SKU.
pub fn quantity(units: i64, field: &str, mistakes: &mut Mistakes) {
    if !(1..=MAX_QUANTITY).contains(&units) {
        mistakes.add(field, "out_of_range", format!("1 to {MAX_QUANTITY} units"));
    }
}

fn address(address: &Address, mistakes: &mut Mistakes) {
    text(&address.line1, 200, "/delivery_address/line1", mistakes);
    text(&address.city, 100, "/delivery_address/city", mistakes);
    text(&address.postal_code, 16, "/delivery_address/postal_code", mistakes);
    if let Some(line2) = &address.line2 {
        text(line2, 200, "/delivery_address/line2", mistakes);
    }
    if let Some(region) = &address.region {
        text(region, 100, "/delivery_address/region", mistakes);
    }
    country(&address.country, "/delivery_address/country", mistakes);
}

fn lines(lines: &[RequestLine], mistakes: &mut Mistakes) {
    mistakes.expect(!lines.is_empty(), "/lines", "empty", "at least one line");
    if lines.len() > MAX_LINES {
        mistakes.add("/lines", "too_many", format!("at most {MAX_LINES} lines"));
        return;
    }
    let mut seen = HashSet::new();
    for (index, line) in lines.iter().enumerate() {
        quantity(line.quantity, &format!("/lines/{index}/quantity"), mistakes);
        if !seen.insert(line.sku.as_str()) {
            mistakes.add(format!("/lines/{index}/sku"), "duplicate", "one line a SKU: add up the quantities");
        }
    }
}

fn country(code: &str, field: &str, mistakes: &mut Mistakes) {
    mistakes.expect(is_country(code), field, "unknown", "an ISO 3166-1 alpha-2 code in capitals, such as DE");
}

/// Text for people and labels: something to read, no control characters, at most `max` characters.
fn text(value: &str, max: usize, field: &str, mistakes: &mut Mistakes) {
    mistakes.expect(!value.trim().is_empty(), field, "empty", "must not be empty");
    if value.chars().count() > max {
        mistakes.add(field, "too_long", format!("at most {max} characters"));
    }
    mistakes.expect(!value.chars().any(char::is_control), field, "malformed", "no control characters");
}

/// `tok_` or `pm_`, then 1 to 64 letters, digits and underscores. A card number never fits.
fn is_payment_token(token: &str) -> bool {
    let name = token.strip_prefix("tok_").or_else(|| token.strip_prefix("pm_")).unwrap_or_default();
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The shape of an address (RFC 5321 lengths): enough to catch a slip; only a letter that arrives proves more.
fn is_email(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let visible = |c: char| !c.is_control() && !c.is_whitespace();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    email.len() <= 254
        && (1..=64).contains(&local.len())
        && local.chars().all(|c| visible(c) && !"@<>(),;\"".contains(c))
        && domain.contains('.')
        && domain.split('.').all(label)
}
