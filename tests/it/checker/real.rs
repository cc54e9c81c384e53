//! The checker on what a real shop leaves behind: nothing to say; and tampered with, the right thing.

use std::collections::BTreeSet;

use orderflow::config::Delivery;
use orderflow_cli::environment::Options;
use orderflow_tests::{
    Shop,
    chaos::evidence::{Answer, Evidence, RawRecord},
    options,
};
use rstest::rstest;

use super::day::{broken, clean, orders};

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn of_a_shop_that_was_left_alone_there_is_nothing_to_say(#[case] delivery: Delivery) {
    let shop = Shop::open(Options { delivery, ..options() }).await;
    let (placed, journal) = orders(&shop, 20).await;
    shop.settled(&placed).await;
    let evidence = clean(&shop, &journal, &[]).await;
    if delivery == Delivery::ExactlyOnce {
        tampered(evidence).await;
    }
    shop.close(&placed).await;
}

/// What the checker says of evidence that somebody has changed.
async fn tampered(whole: Evidence) {
    let is = |record: &RawRecord, topic: &str| record.topic == format!("{}{topic}", whole.prefix);
    let of = |topic: &str| whole.records.iter().position(|record| is(record, topic)).unwrap();

    let mut lost = whole.clone();
    lost.records.remove(of("orders"));
    assert!(broken(&lost).await.contains("I1"), "an order that is not on the log");

    let mut lost = whole.clone();
    lost.records.retain(|record| !is(record, "payments"));
    assert!(broken(&lost).await.contains("I2"), "orders that were never paid");

    let mut doubled = whole.clone();
    let again = RawRecord { offset: i64::MAX, ..whole.records[of("fraud")].clone() };
    doubled.records.push(again);
    assert_eq!(broken(&doubled).await, BTreeSet::from(["I6"]), "a record that is there twice");

    let folder = tempfile::tempdir().unwrap();
    let ledger = std::fs::read_to_string(&whole.gateway_ledger).unwrap();
    let charge = ledger.lines().find(|line| line.contains(r#""kind":"charge""#)).unwrap();
    let dearer = charge.replacen(r#""amount":"#, r#""amount":9"#, 1);
    let gateway_ledger = folder.path().join("ledger");
    std::fs::write(&gateway_ledger, ledger.replace(charge, &dearer)).unwrap();
    let dearer = Evidence { gateway_ledger, ..whole.clone() };
    assert_eq!(broken(&dearer).await, BTreeSet::from(["I3"]), "another amount");

    let elsewhere = Evidence { journal: answered_otherwise(&whole.journal), ..whole };
    assert_eq!(broken(&elsewhere).await, BTreeSet::from(["I10"]), "another answer");
}

fn answered_otherwise(journal: &[Answer]) -> Vec<Answer> {
    let mut journal = journal.to_vec();
    journal[0].answer.push(b' ');
    journal
}
