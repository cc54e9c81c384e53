//! A topic full of poison is not emptied into the dead-letter queue.

use orderflow::{config::Delivery, topics};
use orderflow_cli::environment::Options;
use orderflow_tests::{
    Request, Shop, eventually, options,
    raw::{self, Raw},
};
use rstest::rstest;

const MINIMUM: usize = 10;
const POISON: usize = 60;
const SAYS: &str = "too many of the recent records would be dead-lettered";

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn a_topic_full_of_poison_stops_its_reader_also_after_it_was_started_again(#[case] delivery: Delivery) {
    let limit = vec![("DEAD_LETTER_MINIMUM".to_owned(), MINIMUM.to_string())];
    let service_variables =
        [("recommendation", limit)].into_iter().chain(options().service_variables).collect();
    let shop = Shop::open(Options { partitions: Some(1), delivery, service_variables, ..options() }).await;
    let names = shop.environment().names();
    for index in 0..POISON {
        let record = Raw::new(&format!("customer-{index}"), Some(b"not framed".to_vec()));
        raw::write(&shop.kafka(), &names.topic(topics::ACTIVITY), record).await;
    }
    shop.says("recommendation-0", SAYS).await;
    assert_eq!(shop.readiness("recommendation-0").await, 503);
    assert_eq!(letters(&shop).await, MINIMUM, "no more than that, and the topic has more");
    eventually("the metric to tell of it", async || {
        let metrics = shop.metrics("recommendation-0").await;
        let told = metrics.lines().find(|line| line.starts_with("orderflow_dead_letters_stopped"));
        if told == Some("orderflow_dead_letters_stopped 1") { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;

    // A service that crashes again and again gives up no more than one that does not.
    for _ in 0..2 {
        shop.kill("recommendation-0");
        shop.start_again("recommendation-0").await;
        shop.says("recommendation-0", SAYS).await;
        assert_eq!(letters(&shop).await, MINIMUM);
    }
    // Nobody else is held up, and it answers those who are not on that topic.
    let placed = shop.place(&Request::good()).await;
    shop.settled(&[placed]).await;
    shop.close_with_dead_letters(&[placed], &["bad_framing"; MINIMUM]).await;
}

async fn letters(shop: &Shop) -> usize {
    raw::read(&shop.kafka(), &shop.environment().names().dead_letters("recommendation")).await.len()
}
