//! A crash at every point of a batch, in every service that has steps.

use futures::future::join_all;
use orderflow::config::Delivery;
use orderflow_cli::environment::Options;
use orderflow_tests::{Shop, eventually, options};
use rstest::rstest;

/// Services with steps; intake has none.
const HOPS: [&str; 4] = ["fraud-scoring-0", "inventory-0", "payment-0", "shipping-0"];

#[rstest]
#[tokio::test]
async fn crash_after_effects_and_before_the_state_knows_emits_once(
    #[values(Delivery::ExactlyOnce, Delivery::AtLeastOnce)] delivery: Delivery,
) {
    crash_everywhere_at("after_effects", delivery).await;
}

#[rstest]
#[tokio::test]
async fn crash_between_state_and_produce_emits_once(
    #[values(Delivery::ExactlyOnce, Delivery::AtLeastOnce)] delivery: Delivery,
) {
    crash_everywhere_at("before_produce", delivery).await;
}

/// At least once, what was produced may be there twice, but then it is the same.
#[rstest]
#[tokio::test]
async fn crash_between_produce_and_commit_emits_once(
    #[values(Delivery::ExactlyOnce, Delivery::AtLeastOnce)] delivery: Delivery,
) {
    crash_everywhere_at("before_commit", delivery).await;
}

#[rstest]
#[tokio::test]
async fn crash_after_commit_repeats_nothing(
    #[values(Delivery::ExactlyOnce, Delivery::AtLeastOnce)] delivery: Delivery,
) {
    crash_everywhere_at("after_commit", delivery).await;
}

/// Each service dies the third time it comes to this point, and is started again. Orders come until all have died: how
/// many a service takes in one batch is not for a test to say.
async fn crash_everywhere_at(point: &str, delivery: Delivery) {
    let shop = Shop::open(Options { delivery, ..options() }).await;
    join_all(HOPS.iter().map(|name| shop.arm(name, point, 3))).await;
    let load = shop.load(usize::MAX);
    join_all(HOPS.iter().map(async |name| {
        shop.died(name).await;
        shop.start_again(name).await;
    }))
    .await;
    shop.close(&load.enough().await).await;
}

/// The outputs of an aborted transaction were never said: the batch is read again and answered as before.
#[tokio::test]
async fn a_batch_that_was_aborted_is_handled_again_and_emits_once() {
    let shop = Shop::open(options()).await;
    join_all(HOPS.iter().map(|name| shop.fail(name, "before_commit", 2))).await;
    let load = shop.load(usize::MAX);
    for name in HOPS {
        eventually(&format!("{name} to abort a batch"), async || {
            let metrics = shop.metrics(name).await;
            let aborted = metrics.lines().any(|line| line.contains("rewinds") && line.contains("injected"));
            if aborted { Ok(()) } else { Err("it has aborted nothing") }
        })
        .await;
    }
    shop.close(&load.enough().await).await;
}

/// The caller has no answer, and the order stands: a repeat is told of the first.
#[tokio::test]
async fn crash_of_intake_between_the_log_and_the_answer_is_one_order() {
    let shop = Shop::open(options()).await;
    shop.arm("order-intake-0", "after_publish", 8).await;
    let load = shop.load(usize::MAX);
    shop.died("order-intake-0").await;
    shop.start_again("order-intake-0").await;
    shop.close(&load.enough().await).await;
}
