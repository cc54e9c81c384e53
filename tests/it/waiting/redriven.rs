//! Dead letters on their way back: what is said before, what they say of themselves, and how often they may come back.

use jiff::Timestamp;
use orderflow::{
    events::{DeadLetterParked, DeadLetterRedriven},
    runtime::{dead_letter, original},
    trace::TraceContext,
};
use orderflow_tests::{
    Shop, eventually, options,
    raw::{self, Raw},
};
use serde_json::{Value, json};

use super::{Blocked, letters, of_shipping};

#[tokio::test]
async fn a_letter_says_how_it_failed_and_comes_back_only_so_often() {
    let shop = Shop::open(options()).await;
    let blocked = Blocked::begin(&shop).await;
    let first = all(&shop).await.remove(0);
    assert_eq!(first.text(dead_letter::VERSION).as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(
        time(&first, original::FIRST_FAILED),
        time(&first, dead_letter::LAST_FAILED),
        "poison fails once"
    );
    let trace = |name| TraceContext::parse(&first.text(name).unwrap()).unwrap();
    assert_eq!(
        trace(dead_letter::TRACE).trace_id(),
        trace("traceparent").trace_id(),
        "in its record's trace"
    );
    assert_ne!(trace(dead_letter::TRACE), trace("traceparent"));

    // Nothing is done by asking.
    let told = redriven(&shop, &["--dry-run"]).await;
    assert_eq!((&told[0]["done"], &told[0]["returns"]), (&json!("redriven"), &json!(0)));
    assert_eq!(raw::read(&shop.kafka(), &of_shipping(&shop).2).await, Vec::new());
    for (filter, count) in
        [("--code=other", 0), ("--older=1d", 0), ("--where=amount>0", 1), ("--where=amount<0", 0)]
    {
        assert_eq!(redriven(&shop, &["--dry-run", filter]).await.len(), count, "{filter}");
    }

    // Nothing is mended: it comes back, with what it said before.
    assert_eq!(redriven(&shop, &["--by", "ada", "--reason", "is it mended?"]).await.len(), 1);
    letters(&shop, 2).await;
    let again = all(&shop).await.remove(1);
    assert_eq!(time(&again, original::FIRST_FAILED), time(&first, original::FIRST_FAILED));
    assert!(time(&again, dead_letter::LAST_FAILED) >= time(&first, dead_letter::LAST_FAILED));
    assert_eq!(again.header(original::RETURNS), Some(&1_u32.to_be_bytes()[..]));
    assert_eq!((&again.key, &again.value), (&first.key, &first.value));
    eventually("the metric to tell of it", async || {
        let metrics = shop.metrics("shipping-0").await;
        let told =
            metrics.lines().find(|line| line.contains(r#"orderflow_redrives_total{outcome="given_up"}"#));
        if told.is_some_and(|line| line.ends_with(" 1")) { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    let told: Vec<DeadLetterRedriven> = heard(&shop, 1).await;
    assert_eq!((&*told[0].redriven_by, &*told[0].reason, told[0].returns), ("ada", "is it mended?", 1));

    // Once more would be once too often.
    let told = redriven(&shop, &["--returns", "1", "--by", "ada", "--reason", "again"]).await;
    assert_eq!((&told[0]["done"], &told[0]["standing"]), (&json!("parked"), &json!("parked")));
    let told: Vec<DeadLetterParked> = heard(&shop, 1).await;
    assert_eq!(told[0].reason, "has come back 1 times; last: again");
    assert_eq!(raw::read(&shop.kafka(), &of_shipping(&shop).2).await.len(), 1);

    let counted = shop.orderflow(&["dlq", "stats"]).await;
    let row = &counted[0];
    assert_eq!(
        (&row["topic"], &row["open"], &row["parked"]),
        (&json!("payments"), &json!(0), &json!(1)),
        "{counted}"
    );
    for (words, count) in [(blocked.key.as_str(), 2), ("INJECTED", 2), ("tok_", 0), ("nowhere", 0)] {
        let found = shop.orderflow(&["dlq", "search", words]).await;
        assert_eq!(found.as_array().map(Vec::len), Some(count), "{words}: {found}");
    }

    shop.refuse("shipping-0", &blocked.key, false).await;
    shop.orderflow(&["dlq", "redrive", "shipping", "--parked", "--rate", "100"]).await;
    shop.settled(&[blocked.placed]).await;
    shop.close_with_dead_letters(&[blocked.placed], &["injected"; 2]).await;
}

async fn redriven(shop: &Shop, more: &[&str]) -> Vec<Value> {
    let told = shop.orderflow(&[&["dlq", "redrive", "shipping", "--all"], more].concat()).await;
    told.as_array().unwrap().clone()
}

async fn all(shop: &Shop) -> Vec<Raw> {
    raw::read(&shop.kafka(), &of_shipping(shop).0).await
}

fn time(letter: &Raw, name: &str) -> Timestamp {
    letter.text(name).unwrap().parse().unwrap()
}

/// Waits until `audit` tells of so many.
pub(super) async fn heard<R: orderflow::events::Record>(shop: &Shop, count: usize) -> Vec<R> {
    eventually(&format!("audit to tell of {count}"), async || {
        let told = shop.records::<R>().await;
        if told.len() == count {
            Ok(told.into_iter().map(|(_, event)| event).collect())
        } else {
            Err(told.len())
        }
    })
    .await
}
