//! Behind a dead letter: later events of its order wait, and follow in order once it has been answered.

mod discarded;
mod edited;
mod parked;
mod redriven;

use orderflow::{
    config::Delivery,
    events::{OrderCancelRejected, OrderCancelRequested, ShippingLabelGenerated},
    order_state::State,
    runtime::waiting::journal::{BURIED, SETTLED},
    topics::{self, GroupTopics},
};
use orderflow_cli::environment::Options;
use orderflow_tests::{
    Request, Shop, eventually,
    load::Placed,
    options,
    raw::{self, Raw},
    servers,
};
use reqwest::StatusCode;
use rstest::rstest;
use uuid::Uuid;

/// Cancels sent for the blocked order: the first by its customer, the others as a foreign system would.
const CANCELS: usize = 5;

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn later_events_of_a_dead_lettered_order_wait_and_follow_in_order(#[case] delivery: Delivery) {
    let shop = Shop::open(Options { delivery, ..options() }).await;
    let blocked = Blocked::begin(&shop).await;
    blocked.cancels(&shop).await;
    blocked.is_parked(&shop).await;

    let neighbour = shop.place(&Request::good()).await;
    shop.settled(&[neighbour]).await;
    eventually("shipping to count one blocked key", async || {
        let metrics = shop.metrics("shipping-0").await;
        let told = metrics.lines().find(|line| line.starts_with("orderflow_blocked_keys"));
        if told == Some("orderflow_blocked_keys 1") { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;

    let listed = shop.orderflow(&["dlq", "list", "--group", "shipping"]).await;
    assert_eq!(listed[0]["key"], blocked.key.as_str());
    assert_eq!((&listed[0]["code"], &listed[0]["waiting"]), (&"injected".into(), &CANCELS.into()));
    let place = listed[0]["place"].as_str().unwrap();
    let shown = shop.orderflow(&["dlq", "show", "shipping", place]).await;
    assert_eq!(shown["value"]["order"]["payment_token"], "(secret)");

    blocked.heals(&shop).await;
    blocked.followed_in_order(&shop).await;
    assert_eq!(shop.orderflow(&["dlq", "list"]).await.as_array().map(Vec::len), Some(0));
    // Once more, although all is well: it is left out.
    write_again(&shop).await;
    let last = shop.place(&Request::good()).await;
    shop.close_with_dead_letters(&[blocked.placed, neighbour, last], &["injected"]).await;
}

#[tokio::test]
async fn what_fails_again_is_a_dead_letter_again_and_its_successors_go_on_waiting() {
    let shop = Shop::open(options()).await;
    let blocked = Blocked::begin(&shop).await;
    blocked.cancels(&shop).await;
    redrive(&shop).await;
    letters(&shop, 2).await;
    let again = raw::read(&shop.kafka(), &of_shipping(&shop).0).await;
    assert_eq!(again[0].text("ce_id"), again[1].text("ce_id"));
    blocked.is_parked(&shop).await;

    // The first of those that wait is given up in its turn: then it is the one that blocks.
    let first = blocked.journal(&shop).await[0].text("ce_id").unwrap();
    shop.refuse("shipping-0", &first, true).await;
    blocked.heals(&shop).await;
    letters(&shop, 3).await;
    let journal = blocked.journal(&shop).await;
    assert!(journal.iter().any(|record| record.text(BURIED).as_ref() == Some(&first)));
    assert_eq!(journal.iter().filter_map(|record| record.text(SETTLED)).count(), 1, "nobody overtakes it");

    shop.refuse("shipping-0", &first, false).await;
    redrive(&shop).await;
    blocked.followed_in_order(&shop).await;
    shop.close_with_dead_letters(&[blocked.placed], &["injected"; 3]).await;
}

#[rstest]
#[case::before_its_commit("before_commit", 2)]
#[case::after_its_commit("after_drain", 1)]
#[tokio::test]
async fn a_crash_in_the_middle_of_it_changes_nothing(
    #[case] point: &str,
    #[case] passes: u32,
    #[values(Delivery::ExactlyOnce, Delivery::AtLeastOnce)] delivery: Delivery,
) {
    let shop = Shop::open(Options { delivery, ..options() }).await;
    let blocked = Blocked::begin(&shop).await;
    blocked.cancels(&shop).await;
    shop.refuse("shipping-0", &blocked.key, false).await;
    shop.arm("shipping-0", point, passes).await;
    redrive(&shop).await;
    shop.died("shipping-0").await;
    shop.start_again("shipping-0").await;
    blocked.followed_in_order(&shop).await;
    shop.close_with_dead_letters(&[blocked.placed], &["injected"]).await;
}

#[tokio::test]
async fn whoever_takes_the_partitions_over_takes_the_lines_over() {
    let shop = Shop::open(Options { partitions: Some(4), ..options() }).await;
    let blocked = Blocked::begin(&shop).await;
    shop.environment().add("shipping", 1).await.unwrap();
    shop.joined("shipping", 2).await;
    blocked.cancels(&shop).await;
    shop.terminate("shipping-0").await;
    redrive(&shop).await;
    blocked.followed_in_order(&shop).await;
    shop.close_with_dead_letters(&[blocked.placed], &["injected"]).await;
}

#[tokio::test]
async fn lines_are_made_again_from_the_log_after_redis_has_forgotten_them() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let blocked = Blocked::begin(&shop).await;
    servers::flush(&servers).await;
    blocked.cancels(&shop).await;
    servers::flush(&servers).await;
    let load = shop.load(10);
    load.reached(5).await;
    blocked.heals(&shop).await;
    blocked.followed_in_order(&shop).await;
    let mut placed = load.all().await;
    servers::flush(&servers).await;
    placed.extend([blocked.placed, shop.place(&Request::good()).await]);
    shop.settled(&placed).await;
    // It remembers what has been redriven, too.
    write_again(&shop).await;
    // Whoever has served an order has its state back, so that it can be looked at.
    placed.push(shop.place(&Request::good()).await);
    shop.close_with_dead_letters(&placed, &["injected"]).await;
}

#[tokio::test]
async fn where_no_more_may_wait_the_partition_is_held_and_nothing_is_lost() {
    let mut options = options();
    options.service_variables.insert("shipping", vec![("WAITING_LIMIT".to_owned(), "2".to_owned())]);
    let shop = Shop::open(options).await;
    let blocked = Blocked::begin(&shop).await;
    blocked.send_cancels(&shop).await;
    eventually("shipping to say that there is no place", async || match shop.readiness("shipping-0").await {
        503 => Ok(()),
        status => Err(format!("it answers {status}")),
    })
    .await;
    eventually("two to wait", async || match blocked.journal(&shop).await.len() {
        2 => Ok(()),
        others => Err(format!("{others} wait")),
    })
    .await;
    blocked.heals(&shop).await;
    shop.settled(&[blocked.placed]).await;
    blocked.rejected(&shop).await;
    eventually("shipping to be ready again", async || match shop.readiness("shipping-0").await {
        200 => Ok(()),
        status => Err(format!("it answers {status}")),
    })
    .await;
    shop.close_with_dead_letters(&[blocked.placed], &["injected"]).await;
}

/// An order whose payment shipping has given up.
struct Blocked {
    placed: Placed,
    key: String,
}

impl Blocked {
    /// Places an order, and has shipping refuse its payment.
    async fn begin(shop: &Shop) -> Self {
        let placed = shop.place_refused_by_shipping().await;
        letters(shop, 1).await;
        Self { placed, key: placed.order_id.to_string() }
    }

    /// Has the customer cancel, again and again; each comes after the payment, so each must wait for it.
    async fn cancels(&self, shop: &Shop) {
        self.send_cancels(shop).await;
        eventually("the cancels to wait", async || match self.journal(shop).await {
            waiting if waiting.len() == CANCELS => Ok(()),
            waiting => Err(format!("{} wait", waiting.len())),
        })
        .await;
    }

    async fn send_cancels(&self, shop: &Shop) {
        // While the timelines are made again nobody knows the order.
        eventually("the first cancel to be taken", async || match shop.cancel(self.placed.order_id).await {
            (StatusCode::ACCEPTED, _) => Ok(()),
            (status, answer) => Err(format!("{status}: {answer}")),
        })
        .await;
        shop.record::<OrderCancelRequested>(&self.key).await;
        let topic = shop.environment().names().topic(topics::ORDERS);
        let all = raw::read(&shop.kafka(), &topic).await;
        let is_ours = |record: &&Raw| {
            record.key.as_deref() == Some(self.key.as_bytes())
                && record.text("ce_type").is_some_and(|kind| kind.ends_with("OrderCancelRequested"))
        };
        let first = all.iter().find(is_ours).unwrap();
        for _ in 1..CANCELS {
            let mut again = first.clone();
            again.headers.retain(|(name, _)| name != "ce_id");
            raw::write(&shop.kafka(), &topic, again.with("ce_id", &Uuid::new_v4().to_string())).await;
        }
    }

    async fn is_parked(&self, shop: &Shop) {
        let parked = Placed { becomes: State::Parked, ..self.placed };
        shop.settled(&[parked]).await;
        let told = shop.orderflow(&["orders", "show", &self.key]).await;
        assert_eq!(told["state"], "Parked", "{told}");
    }

    /// What was wrong is mended, and the dead letter redriven.
    async fn heals(&self, shop: &Shop) {
        shop.refuse("shipping-0", &self.key, false).await;
        redrive(shop).await;
    }

    /// Waits until all is answered, each in its turn: the payment with a label, and the cancels with a rejection, since they
    /// came after. What was answered while others waited (the label is an input, too) has come to wait behind them.
    async fn followed_in_order(&self, shop: &Shop) {
        shop.record::<ShippingLabelGenerated>(&self.key).await;
        let (waits, settled) = eventually("everybody who waits to be settled", async || {
            let journal = self.journal(shop).await;
            let waits = distinct(journal.iter().filter_map(waiting));
            let settled = distinct(journal.iter().filter_map(|record| record.text(SETTLED)));
            let done = waits.len() >= CANCELS && settled.len() == waits.len() + 1;
            if done { Ok((waits, settled)) } else { Err(format!("{waits:?} wait, {settled:?} are settled")) }
        })
        .await;
        assert_eq!(settled[1..], waits, "in the order in which they came, behind the one that blocked");
        assert_eq!(self.rejected(shop).await, waits[0], "which came too late for a cancel");
    }

    /// The cancel that was answered with a rejection: one answer is enough for an order.
    async fn rejected(&self, shop: &Shop) -> String {
        let (entry, _) = shop.record::<OrderCancelRejected>(&self.key).await;
        entry.envelope.causation_id.unwrap().to_string()
    }

    /// What shipping's journal says of this order.
    async fn journal(&self, shop: &Shop) -> Vec<Raw> {
        let mut records = raw::read(&shop.kafka(), &of_shipping(shop).1).await;
        records.retain(|record| record.key.as_deref() == Some(self.key.as_bytes()));
        records
    }
}

/// The id of a record that waits; none of a note.
fn waiting(record: &Raw) -> Option<String> {
    record.value.as_ref().and_then(|_| record.text("ce_id"))
}

/// Each once, in order.
fn distinct(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut first: Vec<String> = Vec::new();
    all.for_each(|one| {
        if !first.contains(&one) {
            first.push(one)
        }
    });
    first
}

/// Shipping's dead letters, its journal, and what it alone reads.
fn of_shipping(shop: &Shop) -> (String, String, String) {
    let (names, own) = (shop.environment().names(), GroupTopics::of("shipping").unwrap());
    (names.topic(own.dead_letters), names.topic(own.waiting), names.topic(own.retry))
}

async fn letters(shop: &Shop, count: usize) {
    eventually(&format!("{count} dead letters"), async || {
        match raw::read(&shop.kafka(), &of_shipping(shop).0).await {
            letters if letters.len() == count => Ok(()),
            letters => Err(format!("{}", letters.len())),
        }
    })
    .await;
}

async fn redrive(shop: &Shop) {
    let redriven = shop.orderflow(&["dlq", "redrive", "shipping", "--all"]).await;
    assert_eq!(redriven.as_array().map(Vec::len), Some(1), "{redriven}");
}

/// Writes to `.retry` what is there already: whoever redrives twice at the same moment does that.
async fn write_again(shop: &Shop) {
    let topic = of_shipping(shop).2;
    let all = raw::read(&shop.kafka(), &topic).await;
    for record in all {
        raw::write(&shop.kafka(), &topic, record).await;
    }
}
