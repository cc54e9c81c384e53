use std::io::Cursor;

use jiff::civil::date;

use super::*;
use crate::invoices::read_from;

/// A file of these rows: invoice, stock code, units, hour and minute of a day in June (the 10th unless it says
/// otherwise), price, customer, country.
pub(in crate::invoices) fn books(rows: &str) -> Books {
    of_period(rows, Period::default()).unwrap()
}

fn of_period(rows: &str, period: Period) -> Result<Books> {
    let mut text =
        "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country,Description\n".to_owned();
    for row in rows.lines() {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let [invoice, code, units, at, price, customer, country] = fields[..] else { panic!("{row}") };
        let at = if at.len() > 5 { at.replace('_', " ") } else { format!("2011-06-10 {at}:00") };
        let customer = customer.trim_matches('-');
        text += &format!(
            "{invoice},{code},{units},{at},{price},{customer},{},Thing {code}\n",
            country.replace('_', " ")
        );
    }
    Books::of(read_from("test", Cursor::new(text))?, period)
}

#[test]
fn rows_of_one_invoice_are_one_sale_wherever_they_stand() {
    let books = books(
        "1 A 2 09:00 1.50 7 France
         2 Q 1 09:01 2.00 - EIRE
         1 C 1 09:02 0.99 7 France",
    );
    assert_eq!(books.sales.len(), 2);
    let first = &books.sales[0];
    assert_eq!((first.invoice.as_str(), first.customer.as_deref(), first.total()), ("1", Some("7"), 399));
    assert_eq!(first.at, date(2011, 6, 10).at(9, 0, 0, 0));
    assert_eq!((books.sales[1].customer.as_deref(), books.sales[1].country.as_str()), (None, "EIRE"));
}

#[test]
fn rows_of_one_item_are_one_line_and_another_price_is_another_item() {
    let books = books(
        "1 a 2 09:00 1.50 7 France
         1 A 3 09:00 1.50 7 France
         1 A 1 09:00 1.25 7 France",
    );
    let item = |price| Item { code: "A".to_owned(), price };
    assert_eq!(books.sales[0].units, BTreeMap::from([(item(150), 5), (item(125), 1)]));
    assert_eq!(by_code(&books.sales[0].units), BTreeMap::from([("A", 6)]));
}

#[test]
fn what_is_no_sale_is_counted_and_on_no_order() {
    let books = books(
        "1 A 2 09:00 1.50 7 France
         1 POST 1 09:00 18.00 7 France
         2 A -3 09:01 0 - France
         C3 A -1 09:02 1.50 7 France
         C4 D -1 09:02 5.00 7 France",
    );
    assert_eq!((books.rows, books.sale_rows, books.return_rows), (5, 1, 1));
    let others = [(Other::Postage, 1), (Other::Discount, 1), (Other::StockCorrection, 1)];
    assert_eq!(books.other_rows, BTreeMap::from(others));
    assert_eq!(books.sales[0].total(), 300);
    assert_eq!(books.returns.len(), 1, "a discount takes no goods back");
    assert_eq!(books.returns[0].units, BTreeMap::from([(Item { code: "A".to_owned(), price: 150 }, 1)]));
}

#[test]
fn only_the_period_counts_but_customers_are_known_from_before() {
    let rows = "1 A 1 2011-06-01_23:59:00 1.50 7 France
                2 A 1 2011-06-10_00:00:00 1.50 7 France
                3 A 1 2011-06-11_23:59:00 1.50 - France
                4 A 1 2011-06-12_00:00:00 1.50 7 France";
    let period = Period { from: Some(date(2011, 6, 10)), until: Some(date(2011, 6, 11)) };
    let books = of_period(rows, period).unwrap();
    let told: Vec<_> = books.sales.iter().map(|sale| (sale.invoice.as_str(), sale.known_for_days)).collect();
    assert_eq!((told, books.rows), (vec![("2", 9), ("3", 0)], 2));
}

#[test]
fn a_bad_row_stops_it() {
    let error = of_period("1 A x 09:00 1.50 7 France", Period::default()).unwrap_err();
    assert!(error.to_string().contains("line 2, column Quantity"), "{error:#}");
}

#[test]
fn the_largest_invoices_have_a_total() {
    let rows: Vec<String> = (0..12).map(|n| format!("1 A{n} 1000000000 09:00 10000000 7 France")).collect();
    assert_eq!(books(&rows.join("\n")).sales[0].total(), i64::MAX);
}
