//! What a row is. Shops write on invoices what is no sale of goods: postage, fees, corrections of stock.

use serde::Serialize;

use super::Row;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Goods, for money.
    Sale,
    /// Goods of an earlier invoice, taken back.
    Return,
    /// Neither.
    Other(Other),
}

/// What is on invoices beside goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// Postage and carriage.
    Postage,
    /// What banks, market places and charities take.
    Fee,
    /// Money off.
    Discount,
    /// An amount entered by hand, without goods.
    Manual,
    /// Samples.
    Sample,
    /// Debts written off.
    BadDebt,
    /// Units without a cancellation: counted anew, broken, lost.
    StockCorrection,
    /// Goods without a price: given away, or found.
    Free,
}

impl Other {
    /// For people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Postage => "postage, carriage",
            Self::Fee => "fees",
            Self::Discount => "discounts",
            Self::Manual => "entered by hand",
            Self::Sample => "samples",
            Self::BadDebt => "bad debts",
            Self::StockCorrection => "corrections of stock",
            Self::Free => "without a price",
        }
    }

    /// What a stock code stands for when it names no goods.
    fn of_code(stock_code: &str) -> Option<Self> {
        Some(match stock_code.to_ascii_uppercase().as_str() {
            "POST" | "DOT" | "C2" => Self::Postage,
            "BANK CHARGES" | "AMAZONFEE" | "CRUK" => Self::Fee,
            "D" => Self::Discount,
            "M" => Self::Manual,
            "S" => Self::Sample,
            "B" => Self::BadDebt,
            _ => return None,
        })
    }
}

/// What a row is. Its stock code decides first, then its quantity, then its price.
#[must_use]
pub fn meaning(row: &Row) -> Meaning {
    if let Some(other) = Other::of_code(&row.stock_code) {
        return Meaning::Other(other);
    }
    match (row.is_cancellation(), row.quantity.signum(), row.unit_price.signum()) {
        (true, -1, _) => Meaning::Return,
        (false, 1, 1) => Meaning::Sale,
        (false, 1, _) => Meaning::Other(Other::Free),
        _ => Meaning::Other(Other::StockCorrection),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn told(invoice: &str, stock_code: &str, quantity: i64, unit_price: i64) -> Meaning {
        meaning(&Row {
            invoice: invoice.to_owned(),
            stock_code: stock_code.to_owned(),
            description: String::new(),
            quantity,
            at: date(2011, 6, 10).at(9, 0, 0, 0),
            unit_price,
            customer: None,
            country: "France".to_owned(),
        })
    }

    #[test]
    fn goods_for_money_are_sales_and_with_a_c_they_are_taken_back() {
        // Gift vouchers and party bags are goods, whatever their codes look like.
        for code in ["85123A", "85036b", "gift_0001_20", "DCGSSBOY", "PADS", "C9"] {
            assert_eq!(told("536365", code, 6, 255), Meaning::Sale, "{code}");
            assert_eq!(told("C536383", code, -1, 465), Meaning::Return, "{code}");
        }
    }

    #[test]
    fn what_is_no_sale_is_told_apart_by_kind() {
        let cases = [
            ("536370", "POST", 3, 1_800, Other::Postage),
            ("536544", "DOT", 1, 56_977, Other::Postage),
            ("536540", "C2", 1, 5_000, Other::Postage),
            ("C536379", "POST", -1, 2_750, Other::Postage),
            ("537434", "AMAZONFEE", 1, 1_374_152, Other::Fee),
            ("C536822", "BANK CHARGES", -1, 18_550, Other::Fee),
            ("C567903", "CRUK", -1, 5_273, Other::Fee),
            ("C536379", "D", -1, 2_750, Other::Discount),
            ("571051", "m", 1, 3_395, Other::Manual),
            ("C537581", "S", -1, 1_295, Other::Sample),
            ("A563186", "B", 1, -1_106_206, Other::BadDebt),
            ("536589", "21777", -10, 0, Other::StockCorrection),
            ("536589", "21777", 0, 100, Other::StockCorrection),
            ("C536589", "21777", 10, 100, Other::StockCorrection),
            ("536414", "22139", 56, 0, Other::Free),
            ("536414", "22139", 56, -100, Other::Free),
        ];
        for (invoice, code, quantity, price, expected) in cases {
            assert_eq!(told(invoice, code, quantity, price), Meaning::Other(expected), "{invoice} {code}");
        }
    }
}
