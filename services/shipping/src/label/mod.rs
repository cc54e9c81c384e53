//! What stands on a label, and the two ways to print it. The same label gives the same bytes, always.

mod pdf;
mod text;
mod zpl;

use orderflow::{
    events::ShippingLabelGenerated,
    sealed::{Address, Person},
};

pub use pdf::pdf;
pub use zpl::zpl;

/// Most characters in a line; longer ones are wrapped.
const LINE: usize = 36;
/// Most lines of an address; what does not fit is cut, the name and the country never.
const LINES: usize = 8;

/// A label's content, ready to be set: no control characters, no line too long.
#[derive(Clone, PartialEq, Eq)]
pub struct Label {
    service: String,
    carrier: String,
    tracking_number: String,
    from: Vec<String>,
    to: Vec<String>,
    order: String,
    date: String,
    weight: String,
}

impl Label {
    /// The label of this order for this person.
    #[must_use]
    pub fn new(generated: &ShippingLabelGenerated, to: &Person, from: &[String], weight_grams: u32) -> Self {
        let weight = f64::from(weight_grams) / 1000.0;
        Self {
            service: text::line(&generated.service_level).to_uppercase(),
            carrier: text::line(&generated.carrier),
            tracking_number: text::line(&generated.tracking_number),
            from: lines(from.iter().map(String::as_str)),
            to: address(to),
            order: generated.order.order_id.to_string(),
            date: generated.generated_at.strftime("%Y-%m-%d").to_string(),
            weight: format!("{weight:.2} kg"),
        }
    }
}

/// The lines of an address, with the country last, as the Universal Postal Union wants it.
fn address(person: &Person) -> Vec<String> {
    let Person { name, address, .. } = person;
    let (town, code) = town(address);
    let middle = [Some(&address.line1), address.line2.as_ref(), Some(&town), code.as_ref()];
    let middle = middle.into_iter().flatten().map(String::as_str);
    let mut lines = lines(std::iter::once(name.as_str()).chain(middle));
    lines.truncate(LINES - 1);
    lines.extend(text::wrap(&address.country, LINE).into_iter().take(1));
    lines
}

/// Town, region and postal code in the order in which the country reads them: on one line, or on two.
fn town(address: &Address) -> (String, Option<String>) {
    let Address { city, region, postal_code, country, .. } = address;
    let code = postal_code.as_deref().unwrap_or_default();
    let region = region.as_deref().unwrap_or_default();
    match country.as_str() {
        "US" | "CA" | "AU" => (format!("{city} {region} {code}"), None),
        "GB" | "IE" => (city.clone(), Some(code.to_owned())),
        _ => (format!("{code} {city} {region}"), None),
    }
}

fn lines<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    parts.flat_map(|part| text::wrap(part, LINE)).collect()
}

#[cfg(test)]
mod tests;
