//! What an order costs: the catalogue's prices, added up without ever overflowing. Pure.

use orderflow::{events::Line, http::Mistakes};

use crate::{catalogue::Catalogue, request::RequestLine, validate::MAX_QUANTITY};

/// Totals stay below 2^53 minor units, so that every reader can hold them, also one with doubles (Lua, JavaScript).
pub const MAX_TOTAL: i64 = (1 << 53) - 1;

/// Lines with their prices, and what they cost together.
#[derive(Debug, PartialEq, Eq)]
pub struct Priced {
    /// In the order of the request.
    pub lines: Vec<Line>,
    /// Minor units.
    pub total: i64,
}

/// Prices the lines in `currency`; what cannot be priced goes to `mistakes`, and the answer is then not to be used.
pub fn price(
    lines: &[RequestLine],
    currency: &str,
    catalogue: &Catalogue,
    mistakes: &mut Mistakes,
) -> Priced {
    if !catalogue.sells_in(currency) {
        let known = catalogue.currencies().collect::<Vec<_>>().join(", ");
        mistakes.add("/currency", "unknown", format!("the catalogue has prices in {known}"));
        return Priced { lines: Vec::new(), total: 0 };
    }
    let lines: Vec<Line> = lines
        .iter()
        .enumerate()
        .filter_map(|(index, line)| price_line(index, line, currency, catalogue, mistakes))
        .collect();
    let total = total(&lines).unwrap_or_else(|| {
        mistakes.add(
            "/lines",
            "total_too_large",
            format!("an order may cost at most {MAX_TOTAL} minor units"),
        );
        0
    });
    Priced { lines, total }
}

fn price_line(
    index: usize,
    line: &RequestLine,
    currency: &str,
    catalogue: &Catalogue,
    mistakes: &mut Mistakes,
) -> Option<Line> {
    let field = || format!("/lines/{index}/sku");
    let Some(product) = catalogue.product(&line.sku) else {
        mistakes.add(field(), "unknown", "the catalogue has no such SKU: see GET /catalogue");
        return None;
    };
    let Some(unit_price) = product.prices.get(currency).copied() else {
        mistakes.add(field(), "no_price", format!("this SKU has no price in {currency}"));
        return None;
    };
    // Out of range is a mistake that is noted elsewhere; it must not make the total look wrong too.
    let quantity = i32::try_from(line.quantity.clamp(0, MAX_QUANTITY)).unwrap_or(0);
    Some(Line { sku: line.sku.clone(), quantity, unit_price })
}

/// The sum of quantity times unit price; `None` above [`MAX_TOTAL`].
pub fn total(lines: &[Line]) -> Option<i64> {
    let total = lines.iter().try_fold(0_i64, |sum, line| {
        sum.checked_add(i64::from(line.quantity).checked_mul(line.unit_price)?)
    })?;
    (0..=MAX_TOTAL).contains(&total).then_some(total)
}
