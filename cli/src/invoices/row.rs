//! One line of an invoice.

use jiff::civil::DateTime;

/// One line of an invoice, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The invoice's number; a leading `C` takes an earlier one back, in part or in whole.
    pub invoice: String,
    /// The shop's name for what is on the line: a product, or postage, a fee, a correction.
    pub stock_code: String,
    /// For people; may be empty.
    pub description: String,
    /// Units; negative where something is taken back or written off.
    pub quantity: i64,
    /// When, on the shop's own clock.
    pub at: DateTime,
    /// Pence of one unit, to the nearest; zero or negative where nothing is sold.
    pub unit_price: i64,
    /// The buyer's number; none for whoever bought without an account.
    pub customer: Option<String>,
    /// The buyer's country, as the shop writes it.
    pub country: String,
}

impl Row {
    /// Whether the invoice takes an earlier one back.
    #[must_use]
    pub fn is_cancellation(&self) -> bool {
        self.invoice.starts_with('C')
    }

    /// Units times price, in pence.
    #[must_use]
    pub fn amount(&self) -> i64 {
        self.quantity.saturating_mul(self.unit_price)
    }
}

/// The columns, as the header names them.
pub(super) const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// The largest quantity, and price in pence, that is taken for one; intake's largest too.
const LARGEST: u64 = 1_000_000_000;

/// The longest description, in bytes. Of a longer one the end is missing, and so are the rows that stand in it.
const LONGEST: usize = 2_000;

/// A row of these fields, in the order of [`COLUMNS`].
///
/// # Errors
/// The column at fault, and what is expected of it.
pub(super) fn parse(fields: [&str; 8]) -> Result<Row, (&'static str, &'static str)> {
    let fields = fields.map(str::trim);
    if let Some((column, _)) = COLUMNS.into_iter().zip(fields).find(|(column, text)| is_run_on(column, text))
    {
        return Err((column, "it goes on over lines: a quotation mark is left open"));
    }
    let [invoice, stock_code, description, quantity, at, unit_price, customer, country] = fields;
    let filled = |column, value: &str| match value {
        "" => Err((column, "it is empty")),
        value => Ok(value.to_owned()),
    };
    let units = quantity.parse().map_err(|_| (COLUMNS[3], "a whole number is expected"));
    let price = pence(unit_price).ok_or((COLUMNS[5], "an amount such as 2.55 is expected"));
    Ok(Row {
        invoice: filled(COLUMNS[0], invoice)?,
        stock_code: filled(COLUMNS[1], stock_code)?,
        description: description.to_owned(),
        quantity: units.and_then(|units| meant(COLUMNS[3], units))?,
        at: at.parse().map_err(|_| (COLUMNS[4], "a time such as 2010-12-01 08:26:00 is expected"))?,
        unit_price: price.and_then(|pence| meant(COLUMNS[5], pence))?,
        customer: Some(customer).filter(|customer| !customer.is_empty()).map(str::to_owned),
        country: filled(COLUMNS[7], country)?,
    })
}

/// Whether a field has taken in the rows behind it. A description may have lines of its own.
fn is_run_on(column: &str, text: &str) -> bool {
    if column == COLUMNS[2] { text.len() > LONGEST } else { text.contains(['\n', '\r']) }
}

fn meant(column: &'static str, number: i64) -> Result<i64, (&'static str, &'static str)> {
    if number.unsigned_abs() <= LARGEST { Ok(number) } else { Err((column, "it is too large to be meant")) }
}

/// Pounds with any number of decimals, in pence; half a penny counts as one. No detour through binary fractions.
fn pence(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || !(whole.to_owned() + decimals).bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimal = |place: usize| decimals.as_bytes().get(place).map_or(0, |digit| i64::from(digit - b'0'));
    let rounded = i64::from(decimal(2) >= 5);
    let pence = whole.parse::<i64>().ok()?.checked_mul(100)?;
    Some(sign * pence.checked_add(decimal(0) * 10 + decimal(1) + rounded)?)
}

#[cfg(test)]
mod tests {
    use super::pence;

    #[test]
    fn prices_are_read_to_the_penny() {
        let cases =
            [("2.55", 255), ("3", 300), ("0.4", 40), ("-11062.06", -1_106_206), ("0.001", 0), ("0.005", 1)];
        for (text, expected) in cases {
            assert_eq!(pence(text), Some(expected), "{text}");
        }
        let largest = "92233720368547758.99";
        for text in ["", ".", ".5", "2,55", "1e3", "--1", "£2.55", "99999999999999999999", largest] {
            assert_eq!(pence(text), None, "{text}");
        }
    }
}
