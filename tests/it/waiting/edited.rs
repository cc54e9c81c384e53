//! Dead letters that an operator has handled again with a changed value.

use orderflow::{
    envelope::ids,
    events::{DeadLetterEdited, InventoryReserved, PaymentProcessed, ShippingLabelGenerated},
    runtime::original,
};
use orderflow_tests::{Request, Shop, options, raw};
use serde_json::json;

use super::{Blocked, letters, of_shipping, redriven::heard};

const WHO: [&str; 4] = ["--by", "ada", "--reason", "by hand"];

#[tokio::test]
async fn an_edited_letter_is_handled_as_another_event_and_what_waits_behind_it_follows() {
    let shop = Shop::open(options()).await;
    // Refused by its event's id: the edited one has another.
    shop.terminate("payment-0").await;
    let placed = shop.place(&Request::good()).await;
    let key = placed.order_id.to_string();
    let (reserved, _) = shop.record::<InventoryReserved>(&key).await;
    let event = ids::of_event(reserved.envelope.id, "payment.on_inventory_reserved", "PaymentProcessed", 0);
    shop.refuse("shipping-0", &event.to_string(), true).await;
    shop.start_again("payment-0").await;
    letters(&shop, 1).await;
    let blocked = Blocked { placed, key };
    blocked.cancels(&shop).await;

    let edit = |more: &[&'static str]| [&["dlq", "edit", "shipping", "0:0"], more, &WHO[..]].concat();
    for wrong in [
        "amount=much",
        "order.order_id=01939d5c-2f5e-7c9a-8f3e-6a1b2c3d4e60",
        "order.payment_token=x",
        "no=1",
    ] {
        shop.orderflow_refuses(&edit(&["--set", wrong])).await;
    }
    let asked = shop.orderflow(&edit(&["--set", "order.account_age_days=7", "--dry-run"])).await;
    assert_eq!(asked["fields"], json!(["order.account_age_days"]));
    assert_eq!(
        raw::read(&shop.kafka(), &of_shipping(&shop).2).await,
        Vec::new(),
        "nothing is done by asking"
    );

    let edited = shop.orderflow(&edit(&["--set", "order.account_age_days=7"])).await;
    blocked.followed_in_order(&shop).await;
    let (label, event) = shop.record::<ShippingLabelGenerated>(&blocked.key).await;
    assert_eq!(json!(label.envelope.causation_id), edited["edited_id"]);
    assert_eq!(event.order.account_age_days, 7);
    let (before, _) = shop.record::<PaymentProcessed>(&blocked.key).await;
    let [sent] = &raw::read(&shop.kafka(), &of_shipping(&shop).2).await[..] else {
        panic!("not one came back")
    };
    assert_eq!(sent.header(original::BEFORE_EDIT), Some(&before.value[..]), "the original goes along");
    let told: Vec<DeadLetterEdited> = heard(&shop, 1).await;
    assert_eq!(
        (&*told[0].edited_by, &told[0].fields[..]),
        ("ada", &["order.account_age_days".to_owned()][..])
    );
    assert_eq!(
        (told[0].event_id, json!(told[0].edited_id)),
        (before.envelope.id, edited["edited_id"].clone())
    );
    shop.close_with_dead_letters(&[blocked.placed], &["injected"]).await;
}

#[tokio::test]
async fn an_edited_letter_that_fails_again_is_shown_with_its_original() {
    let shop = Shop::open(options()).await;
    let blocked = Blocked::begin(&shop).await;
    let edit = ["dlq", "edit", "shipping", "0:0", "--set", "amount=1"];
    shop.orderflow(&[&edit[..], &WHO].concat()).await;
    letters(&shop, 2).await;
    let listed = shop.orderflow(&["dlq", "list", "--group", "shipping"]).await;
    let [first, second] = &listed.as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!(first["id"], second["id"], "its group knows both by one id");
    let place = second["place"].as_str().unwrap();
    let shown = shop.orderflow(&["dlq", "show", "shipping", place]).await;
    assert_eq!(shown["value"]["amount"], json!(1));
    assert_ne!(shown["before_edit"]["amount"], json!(1));
    assert_eq!(shown["schema"]["name"], json!("orderflow.payments.PaymentProcessed"));

    // Put right: as it was.
    let was = format!("amount={}", shown["before_edit"]["amount"]);
    shop.refuse("shipping-0", &blocked.key, false).await;
    shop.orderflow(&[&["dlq", "edit", "shipping", place, "--set", &was], &WHO[..]].concat()).await;
    shop.settled(&[blocked.placed]).await;
    let sent = raw::read(&shop.kafka(), &of_shipping(&shop).2).await;
    let first_value =
        |name| sent.iter().map(|record| record.header(name).unwrap().to_vec()).collect::<Vec<_>>();
    let values = first_value(original::BEFORE_EDIT);
    assert_eq!(values[0], values[1], "of one that is edited again, the first is the original");
    shop.close_with_dead_letters(&[blocked.placed], &["injected"; 2]).await;
}
