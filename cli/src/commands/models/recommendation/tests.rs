//! On a shop small enough to work everything out by hand.

use std::io::Write;

use tempfile::NamedTempFile;

use super::*;

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/// LAMP is bought most; TEA goes with MUG. Customer 9 has the MUG, and then buys TEA and LAMP.
const SALES: [&str; 11] = [
    "1,MUG,,1,2011-01-01 10:00:00,1.00,1,France",
    "1,TEA,,1,2011-01-01 10:00:00,1.00,1,France",
    "2,MUG,,1,2011-01-02 10:00:00,1.00,2,France",
    "2,tea,,1,2011-01-02 10:00:00,1.00,2,France",
    "3,LAMP,,1,2011-01-03 10:00:00,1.00,3,France",
    "4,LAMP,,1,2011-01-03 10:00:00,1.00,,France",
    "5,LAMP,,1,2011-01-03 10:00:00,1.00,5,France",
    "6,MUG,,1,2011-01-04 10:00:00,1.00,9,France",
    "7,TEA,,2,2011-02-10 10:00:00,1.00,9,France",
    "7,LAMP,,2,2011-02-10 10:00:00,1.00,9,France",
    "7,MUG,,2,2011-02-10 10:00:00,1.00,9,France",
];
const NO_SALES: [&str; 3] = [
    "C8,MUG,,-1,2011-01-04 11:00:00,1.00,9,France",
    "9,POST,,1,2011-01-04 11:00:00,18.00,9,France",
    "10,TEA,,1,2011-01-04 11:00:00,0.00,9,France",
];

fn report(rows: &[&str], until: Option<Date>) -> Report {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "{HEADER}\n{}", rows.join("\n")).unwrap();
    let path = file.path().to_owned();
    let command = Recommendation { invoices: path, weeks: 1, until, half_life_days: 90, json: false };
    let sales = Sales::read(&command.invoices, command.until, |_| ()).unwrap();
    command.evaluate(&sales).unwrap()
}

/// Hit rate, mean reciprocal rank and NDCG at 10 of a method.
fn numbers(report: &Report, question: usize, method: usize) -> (f64, f64, f64) {
    let scores = report.questions[question].methods[method].scores[0];
    (scores.hit_rate, scores.mrr, scores.ndcg)
}

const POPULARITY: usize = 0;
const LATELY: usize = 1;
const OURS: usize = 2;

#[test]
fn a_shop_worked_out_by_hand_has_the_numbers_of_that() {
    let report = report(&SALES, None);
    let [item, basket] = &report.questions[..] else { panic!("{report:?}") };
    assert_eq!((item.cases, basket.cases), (2, 1));

    // The next item. TEA: popularity has LAMP first and TEA second, we have TEA first. LAMP: it is all that is left.
    let second = 1.0 / 3f64.log2();
    assert_eq!(numbers(&report, 0, POPULARITY), (1.0, 0.75, f64::midpoint(second, 1.0)));
    assert_eq!(numbers(&report, 0, OURS), (1.0, 1.0, 1.0));
    // The next basket has both.
    assert_eq!(numbers(&report, 1, POPULARITY), (1.0, 1.0, 1.0));
    assert_eq!(numbers(&report, 1, OURS), (1.0, 1.0, 1.0));
    // Nothing was sold in the month before.
    assert_eq!(numbers(&report, 0, LATELY), (0.0, 0.0, 0.0));
    assert_eq!((item.methods[OURS].times_popularity, item.methods[LATELY].times_popularity), (1.0, 0.0));
    // Of three products both others were shown.
    assert!((item.methods[OURS].scores[0].coverage - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn what_others_buy_in_the_test_weeks_teaches_nothing() {
    let without = report(&SALES, None);
    let others =
        ["20,RUG,,1,2011-02-09 10:00:00,1.00,30,France", "20,MUG,,1,2011-02-09 10:00:00,1.00,30,France"];
    let with = report(&[&SALES[..], &others].concat(), None);
    let told = |report: &Report| serde_json::to_value(&report.questions).unwrap();
    assert_eq!(told(&with), told(&without));
}

#[test]
fn what_is_no_sale_changes_nothing_and_is_counted() {
    let (without, with) = (report(&SALES, None), report(&[&SALES[..], &NO_SALES].concat(), None));
    let told = |report: &Report| serde_json::to_value(report).unwrap();
    let (without, with) = (told(&without), told(&with));
    assert_eq!(with["questions"], without["questions"]);
    assert_eq!((&with["rows"], &with["passed_over"]), (&14.into(), &3.into()));
}

#[test]
fn an_earlier_end_makes_an_earlier_test() {
    // Then the test week is that of the MUG, and customer 9 has bought nothing before.
    let rows: Vec<&str> = ["0,LAMP,,1,2010-12-01 10:00:00,1.00,1,France"].into_iter().chain(SALES).collect();
    let report = report(&rows, Some("2011-02-01".parse().unwrap()));
    assert_eq!(report.questions[0].cases, 2, "customer 1 has bought MUG and TEA: {report:?}");
}
