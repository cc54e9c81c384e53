//! Dead letters that an operator gives up for good.

use orderflow::{
    events::{DeadLetterDiscarded, OrderValidatedForFraud},
    order_state::State,
    runtime::waiting::journal::{DISCARDED, SETTLED},
    topics::{self, GroupTopics},
};
use orderflow_tests::{
    Request, Shop, eventually,
    load::Placed,
    options,
    raw::{self, Raw},
};
use serde_json::json;
use uuid::Uuid;

use super::{Blocked, redriven::heard};

const WHO: [&str; 4] = ["--by", "ada", "--reason", "nobody can"];

#[tokio::test]
async fn what_is_discarded_blocks_no_longer_and_its_order_rests_unless_something_else_ends_it() {
    let shop = Shop::open(options()).await;
    let names = shop.environment().names();
    shop.terminate("fraud-scoring-0").await;
    let mut three = Vec::new();
    for _ in 0..3 {
        three.push(shop.place(&Request::good()).await);
    }
    let [rests, goes_on, is_left] = three[..] else { panic!("{three:?}") };
    let keys = [rests, goes_on, is_left].map(|placed| placed.order_id.to_string());
    for key in &keys {
        shop.refuse("inventory-0", key, true).await;
    }
    shop.start_again("fraud-scoring-0").await;
    let own = GroupTopics::of("inventory").unwrap();
    eventually("inventory to give all up", async || {
        match raw::read(&shop.kafka(), &names.topic(own.dead_letters)).await.len() {
            3 => Ok(()),
            count => Err(count),
        }
    })
    .await;
    // Somebody says the same of one of them once more: that waits.
    let behind = once_more(&shop, &keys[1]).await;
    let journal = async || raw::read(&shop.kafka(), &names.topic(own.waiting)).await;
    eventually("it to wait", async || match journal().await.len() {
        1 => Ok(()),
        count => Err(count),
    })
    .await;
    // It does what the first would have done.
    shop.refuse("inventory-0", &keys[1], false).await;

    // Which places they have is the transactions' to say.
    let listed = shop.orderflow(&["dlq", "list", "--group", "inventory"]).await;
    let places: Vec<&str> =
        listed.as_array().unwrap().iter().filter_map(|one| one["place"].as_str()).collect();
    let discard = [&["dlq", "discard", "inventory"], &places[..], &WHO].concat();
    let asked = shop.orderflow(&[&discard[..], &["--dry-run"]].concat()).await;
    assert_eq!(asked.as_array().map(Vec::len), Some(3));
    assert!(
        journal().await.iter().all(|record| record.text(DISCARDED).is_none()),
        "nothing is done by asking"
    );
    shop.orderflow(&discard).await;
    assert_eq!(heard::<DeadLetterDiscarded>(&shop, 3).await[0].reason, "nobody can");

    // Nobody waits behind two of them; what waited behind the other follows.
    let [rests, is_left] = [rests, is_left].map(|placed| Placed { becomes: State::Parked, ..placed });
    shop.settled(&[rests, goes_on, is_left]).await;
    eventually("all to be noted as discarded, and what waited as settled", async || {
        let journal = journal().await;
        let of = |name| journal.iter().filter_map(|record: &Raw| record.text(name)).collect::<Vec<_>>();
        let (discarded, settled) = (of(DISCARDED), of(SETTLED));
        if discarded.len() == 3 && settled.contains(&behind) { Ok(()) } else { Err(format!("{journal:?}")) }
    })
    .await;
    let shown = shop.shown(rests.order_id, "Parked", None).await;
    let mut timeline = shown["timeline"].as_array().into_iter().flatten();
    assert!(timeline.any(|line| line["event"] == "DeadLetterDiscarded"), "{shown}");
    let over = shop.orderflow(&["dlq", "list", "--settled"]).await;
    assert!(over.as_array().unwrap().iter().all(|one| one["standing"] == json!("discarded")), "{over}");
    // Once more: there is nothing left to discard.
    assert_eq!(shop.orderflow(&discard).await, json!([]));
    // Nothing holds its key any more: said once more, it goes its way.
    shop.refuse("inventory-0", &keys[0], false).await;
    once_more(&shop, &keys[0]).await;
    let ended = Placed { becomes: State::Fulfilled, ..rests };
    // The one that nothing else ends breaks no promise: `audit` says who has given it up.
    shop.close_with_dead_letters(&[ended, goes_on, is_left], &["injected"; 3]).await;
}

#[tokio::test]
async fn what_would_keep_money_from_whom_it_belongs_to_is_not_discarded() {
    let shop = Shop::open(options()).await;
    let blocked = Blocked::begin(&shop).await;
    let refused = shop.orderflow_refuses(&[&["dlq", "discard", "shipping", "0:0"], &WHO[..]].concat()).await;
    assert!(refused.contains("its customer has paid"), "{refused}");
    blocked.heals(&shop).await;
    shop.settled(&[blocked.placed]).await;
    shop.close_with_dead_letters(&[blocked.placed], &["injected"]).await;
}

/// Writes the validation of an order once more, as another event; its id.
async fn once_more(shop: &Shop, key: &str) -> String {
    shop.record::<OrderValidatedForFraud>(key).await;
    let topic = shop.environment().names().topic(topics::FRAUD);
    let all = raw::read(&shop.kafka(), &topic).await;
    let mut repeat = all.into_iter().find(|record| record.key.as_deref() == Some(key.as_bytes())).unwrap();
    repeat.headers.retain(|(name, _)| name != "ce_id");
    let id = Uuid::new_v4().to_string();
    raw::write(&shop.kafka(), &topic, repeat.with("ce_id", &id)).await;
    id
}
