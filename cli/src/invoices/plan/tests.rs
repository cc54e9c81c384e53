use std::collections::HashSet;

use super::*;
use crate::invoices::{Catalogue, Other, books::tests::books};

const DAY: &str = "\
1 A 2 09:00 1.50 7 France
1 Q 1 09:00 2.25 7 France
1 POST 1 09:00 18.00 7 France
2 A 1 09:01 1.25 - EIRE
3 A 1 09:31 1.25 8 Unspecified
C4 A -1 09:45 1.25 8 Unspecified
C5 Q -1 09:46 2.25 7 France
C6 C -1 09:47 2.25 9 France
7 A 1 10:00 1.50 7 France";

fn planned(rows: &str, pace: Pace, limit: usize) -> Plan {
    let books = books(rows);
    let skus = Catalogue::of(&books, None).unwrap().skus();
    plan(&books, &skus, pace, limit, "run")
}

fn due(plan: &Plan) -> Vec<f64> {
    plan.shots.iter().map(|shot| shot.due.as_secs_f64()).collect()
}

#[test]
fn an_order_is_what_its_invoice_sells_at_what_it_costs() {
    let plan = planned(DAY, Pace::Speed(60.0), usize::MAX);
    let first = &plan.shots[0];
    assert_eq!(first.body["lines"], json!([{"sku": "A.150", "quantity": 2}, {"sku": "Q", "quantity": 1}]));
    assert_eq!(
        (first.body["currency"].as_str(), first.body["customer"]["id"].as_str()),
        (Some("GBP"), Some("7"))
    );
    assert_eq!((first.key.as_deref(), first.country.as_str()), (Some("run-1"), "FR"));
    assert_eq!(plan.totals, [525, 125, 125, 150]);
    assert_eq!(plan.shots[1].body["customer"]["id"], json!(null));
    assert_eq!(plan.shots[1].body["delivery_address"]["country"], "IE");
}

#[test]
fn at_a_speed_distances_shrink_and_at_a_rate_they_are_the_same() {
    assert_eq!(due(&planned(DAY, Pace::Speed(60.0), usize::MAX)), [0.0, 1.0, 31.0, 60.0]);
    assert_eq!(due(&planned(DAY, Pace::Speed(0.5), usize::MAX)), [0.0, 120.0, 3_720.0, 7_200.0]);
    assert_eq!(due(&planned(DAY, Pace::Rate(4.0), usize::MAX)), [0.0, 0.25, 0.5, 0.75]);
}

#[test]
fn a_cancel_is_due_as_long_after_its_order_as_it_was() {
    let cancels = |pace| planned(DAY, pace, usize::MAX).cancels;
    assert_eq!(cancels(Pace::Speed(60.0)), BTreeMap::from([(2, Duration::from_secs(45))]));
    // Behind three orders.
    assert_eq!(cancels(Pace::Rate(4.0)), BTreeMap::from([(2, Duration::from_millis(750))]));
}

#[test]
fn cancellations_that_are_no_cancels_are_reported_as_what_they_are() {
    let report = planned(DAY, Pace::Rate(1.0), usize::MAX).report;
    let fates = [(Fate::ReturnOfAPart, 1), (Fate::ReturnFromBefore, 1)];
    assert_eq!(report.cancellations, BTreeMap::from(fates));
    assert_eq!((report.rows, report.invoices, report.without_country), (9, 4, 1));
    assert_eq!(report.other_rows, BTreeMap::from([(Other::Postage, 1)]));
}

#[test]
fn a_limit_takes_the_first_orders_and_the_cancellations_among_them() {
    let plan = planned(DAY, Pace::Rate(1.0), 2);
    assert_eq!((plan.shots.len(), plan.report.invoices, plan.cancels.len()), (2, 2, 0));
    assert!(plan.report.cancellations.is_empty());
}

#[test]
fn what_the_catalogue_lacks_or_nobody_can_send_is_left_out_and_said() {
    let rows = "1 A 1 09:00 1.25 7 France\n2 A 1 09:01 1.30 8 France\n3 A 1 09:02 1.25 9 Atlantis\n\
                C4 A -1 09:03 1.30 8 France";
    let books = books(rows);
    let skus = Catalogue::of(&self::books("1 A 1 09:00 1.25 7 France"), None).unwrap().skus();
    let plan = plan(&books, &skus, Pace::Rate(10.0), usize::MAX, "run");
    assert_eq!(plan.shots.len(), 1);
    let left_out = [("not in the catalogue at this price", 1), ("unknown country Atlantis", 1)];
    assert_eq!(plan.report.left_out, left_out.map(|(why, count)| (why.to_owned(), count)).into());
    assert_eq!(plan.report.cancellations, BTreeMap::from([(Fate::NotOrdered, 1)]));
}

#[test]
fn a_run_names_its_orders_and_another_run_makes_others() {
    let keys = |run| {
        let books = books(DAY);
        let skus = Catalogue::of(&books, None).unwrap().skus();
        let shots = plan(&books, &skus, Pace::Rate(1.0), usize::MAX, run).shots;
        shots.into_iter().filter_map(|shot| shot.key).collect::<HashSet<_>>()
    };
    assert_eq!(keys("a"), keys("a"));
    assert!(keys("a").is_disjoint(&keys("b")));
}

#[test]
fn books_without_sales_are_a_plan_without_orders() {
    let books = books("C1 A -1 09:00 1.25 7 France");
    let plan = plan(&books, &SkuOf::default(), Pace::Rate(1.0), usize::MAX, "run");
    assert!(plan.shots.is_empty() && plan.report.invoices == 0);
}
