//! A real shop's day, replayed: each invoice that sells something is one order, and costs what its rows do.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use orderflow::{
    events::{OrderCancelRequested, OrderPlaced},
    order_state::State,
    topics::ORDERS,
};
use orderflow_cli::invoices::{Books, Catalogue, Period, Row, read};
use orderflow_tests::{Shop, eventually, load::Placed, options};
use serde_json::{Value, json};

/// The invoice of the day that takes a whole order of that day back, and that order.
const TAKEN_BACK: (&str, &str) = ("C556448", "556442");

fn day() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/samples/online-retail/2011-06-10.csv")
}

/// On this day, nothing else is on invoices beside goods.
fn is_goods(row: &Row) -> bool {
    !["POST", "DOT", "M"].contains(&row.stock_code.as_str())
}

/// Who bought, and for how much. Guests are nobody.
type Purchase = (Option<String>, i64);

/// What each invoice sells, straight from its rows.
fn purchases() -> BTreeMap<String, Purchase> {
    let rows = read(&day()).unwrap().map(Result::unwrap);
    let sells = |row: &Row| row.quantity > 0 && row.unit_price > 0 && is_goods(row);
    let mut purchases: BTreeMap<String, Purchase> = BTreeMap::new();
    for row in rows.filter(sells) {
        let purchase = purchases.entry(row.invoice.clone()).or_insert((row.customer.clone(), 0));
        purchase.1 += row.amount();
    }
    purchases
}

/// The pipeline with the day's goods, and nobody who finds wholesale orders of new customers odd.
async fn shop() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalogue.yaml");
    let books = Books::of(read(&day()).unwrap(), Period::default()).unwrap();
    std::fs::write(&file, Catalogue::of(&books, None).unwrap().to_yaml().unwrap()).unwrap();
    let mut options = options();
    options.catalogue = Some(file);
    let trusting = ["HOLD_THRESHOLD", "FRAUD_THRESHOLD"].map(|name| (name.to_owned(), "1".to_owned()));
    options.service_variables.insert("fraud-scoring", trusting.to_vec());
    Shop::open(options).await
}

async fn replay(shop: &Shop) -> Value {
    let (intake, status) = (shop.environment().intake_url().unwrap(), shop.environment().status_url());
    let day = day().display().to_string();
    let arguments = [
        "load",
        "--invoices",
        &day,
        "--rate",
        "40",
        "--run",
        "day",
        "--url",
        &intake,
        "--status-url",
        status,
    ];
    shop.orderflow(&arguments).await
}

#[tokio::test]
async fn each_invoice_of_a_day_is_one_order_that_costs_what_its_rows_do() {
    let shop = shop().await;
    let purchases = purchases();
    // What comes of a cancel is then no matter of luck: it is there before anything is paid.
    shop.terminate("inventory-0").await;
    let report = replay(&shop).await;
    counts_every_row(&report);
    shop.caught_up("payment", ORDERS).await;
    shop.start_again("inventory-0").await;

    let orders = eventually("every order on the log", async || {
        let orders = shop.records::<OrderPlaced>().await;
        if orders.len() == purchases.len() { Ok(orders) } else { Err(format!("{} orders", orders.len())) }
    })
    .await;
    let mut bought: Vec<Purchase> = orders
        .iter()
        .map(|(_, placed)| {
            assert_eq!(placed.order.currency, "GBP");
            let customer = Some(placed.order.customer_id.clone());
            (customer.filter(|customer| !customer.starts_with("guest-")), placed.order.total)
        })
        .collect();
    let mut expected: Vec<Purchase> = purchases.values().cloned().collect();
    bought.sort();
    expected.sort();
    assert_eq!(bought, expected);
    let total: i64 = expected.iter().map(|(_, total)| total).sum();
    assert_eq!(
        (&report["accepted_total"], &report["requests"]["accepted"]),
        (&json!(total), &json!(expected.len()))
    );

    let cancels = shop.records::<OrderCancelRequested>().await;
    let cancelled: BTreeSet<&str> = cancels.iter().map(|(entry, _)| entry.key.as_str()).collect();
    let becomes = |key: &str| if cancelled.contains(key) { State::Cancelled } else { State::Fulfilled };
    let placed: Vec<Placed> = orders
        .iter()
        .map(|(entry, placed)| Placed { order_id: placed.order.order_id, becomes: becomes(&entry.key) })
        .collect();
    let taken_back: Vec<Purchase> = orders
        .iter()
        .filter(|(entry, _)| cancelled.contains(entry.key.as_str()))
        .map(|(_, placed)| (Some(placed.order.customer_id.clone()), placed.order.total))
        .collect();
    assert_eq!(taken_back, [purchases[TAKEN_BACK.1].clone()], "{} cancels {}", TAKEN_BACK.0, TAKEN_BACK.1);
    shop.settled(&placed).await;

    // The same run once more is the same orders.
    let again = replay(&shop).await;
    assert_eq!(
        (&again["requests"]["accepted"], &again["requests"]["repeated"]),
        (&json!(0), &json!(placed.len()))
    );
    shop.close(&placed).await;
}

/// What is no sale is counted by kind, what takes goods back by what became of it, and no row is lost.
fn counts_every_row(report: &Value) {
    let count = |what: &Value| what.as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    let others = &report["other_rows"];
    assert_eq!(*others, json!({ "postage": 8, "manual": 1, "stock_correction": 23, "free": 6 }));
    let told = ["sale_rows", "return_rows"].map(|what| report[what].as_u64().unwrap());
    let rows: Vec<Row> = read(&day()).unwrap().map(Result::unwrap).collect();
    assert_eq!(told[0] + told[1] + count(others), rows.len() as u64);
    let takes_back = |row: &&Row| row.is_cancellation() && is_goods(row);
    let taken_back: BTreeSet<&str> = rows.iter().filter(takes_back).map(|row| row.invoice.as_str()).collect();
    assert_eq!(count(&report["cancellations"]), taken_back.len() as u64, "{}", report["cancellations"]);
    assert_eq!(report["cancellations"]["requested"], 1);
}
