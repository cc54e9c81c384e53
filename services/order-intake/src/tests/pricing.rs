//! Totals are exact, or refused.

use orderflow::{events::Line, http::Mistakes};
use proptest::prelude::*;

use super::fixture::demo_catalogue;
use crate::{
    price::{MAX_TOTAL, price, total},
    request::RequestLine,
};

#[test]
fn lines_are_priced_in_the_currency_of_the_order() {
    let lines = [RequestLine { sku: "KIT-MUG-350".into(), quantity: 3 }];
    for (currency, unit_price) in [("EUR", 1290), ("GBP", 1090)] {
        let mut mistakes = Mistakes::new();
        let priced = price(&lines, currency, &demo_catalogue(), &mut mistakes);
        assert_eq!((priced.lines[0].unit_price, priced.total), (unit_price, 3 * unit_price));
        assert!(mistakes.into_vec().is_empty());
    }
}

proptest! {
    #[test]
    fn a_total_is_exact_or_none(lines in prop::collection::vec((1..=i32::MAX, 0..=i64::MAX), 0..50)) {
        let exact: i128 = lines.iter().map(|(quantity, price)| i128::from(*quantity) * i128::from(*price)).sum();
        let lines: Vec<_> = lines
            .into_iter()
            .map(|(quantity, unit_price)| Line { sku: String::new(), quantity, unit_price })
            .collect();
        let expected = (exact <= i128::from(MAX_TOTAL)).then_some(exact);
        prop_assert_eq!(total(&lines).map(i128::from), expected);
    }

    #[test]
    fn realistic_totals_are_exact(lines in prop::collection::vec((1..=10_000_i32, 1..=200_000_i64), 1..200)) {
        let exact: i64 = lines.iter().map(|(quantity, price)| i64::from(*quantity) * price).sum();
        let lines: Vec<_> = lines
            .into_iter()
            .map(|(quantity, unit_price)| Line { sku: String::new(), quantity, unit_price })
            .collect();
        prop_assert_eq!(total(&lines), Some(exact));
    }
}
