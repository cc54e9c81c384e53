//! Recommendation: an order, a view and a cart are answered with what goes with them.

use jiff::SignedDuration;
use orderflow::events::{CartUpdated, Line, OrderPlaced};
use recommendation::{
    associations::Associations,
    decay::Decay,
    on_cart_updated::OnCartUpdated,
    on_order_placed::OnOrderPlaced,
    on_product_viewed::OnProductViewed,
    recommender::{Offer, Recommender},
};

use super::{
    bench::{Bench, before},
    record::{example, examples, received},
    run,
};

#[tokio::test]
async fn an_order_is_answered_with_what_others_bought_with_it() {
    run::<OnOrderPlaced>("", async |_, bench| OnOrderPlaced(recommender(bench))).await;
    run::<OnOrderPlaced>("others_bought", async |event, bench| {
        let skus: Vec<String> = event.order.lines.iter().map(|line| line.sku.clone()).collect();
        others_bought(bench, &skus).await;
        OnOrderPlaced(recommender(bench))
    })
    .await;
}

#[tokio::test]
async fn a_view_is_answered_with_what_others_bought_with_it() {
    run::<OnProductViewed>("", async |_, bench| OnProductViewed(recommender(bench))).await;
    run::<OnProductViewed>("others_bought", async |event, bench| {
        others_bought(bench, std::slice::from_ref(&event.sku)).await;
        OnProductViewed(recommender(bench))
    })
    .await;
}

#[tokio::test]
async fn a_cart_is_answered_with_what_goes_with_it() {
    run::<OnCartUpdated>("", async |_, bench| OnCartUpdated(recommender(bench))).await;
    run::<OnCartUpdated>("others_bought", async |_, bench| {
        // What goes with any example's cart: nothing of it counts for the one that was emptied.
        let lines = examples::<CartUpdated>().into_iter().flat_map(|(_, cart)| cart.lines);
        let skus: Vec<String> = lines.map(|line| line.sku).collect();
        others_bought(bench, &skus).await;
        OnCartUpdated(recommender(bench))
    })
    .await;
}

fn recommender(bench: &Bench) -> Recommender {
    let decay = Decay::new(SignedDuration::from_hours(90 * 24));
    let associations = Associations::new(bench.state.clone(), decay, SignedDuration::from_secs(30));
    let offer = Offer { items: 3, valid_for: SignedDuration::from_hours(24) };
    Recommender::new(associations, bench.clock.clone(), offer)
}

/// Somebody else has ordered these together with a lamp and a bulb, a moment ago: no weight has faded.
async fn others_bought(bench: &Bench, skus: &[String]) {
    let mut placed: OrderPlaced = example();
    let mut order = (*placed.order).clone();
    let line = |sku: &str| Line { sku: sku.to_owned(), quantity: 1, unit_price: 100 };
    order.lines = skus.iter().map(String::as_str).chain(["LAMP", "BULB"]).map(line).collect();
    order.customer_id = "somebody-else".to_owned();
    order.placed_at = bench.clock.now();
    placed.order = order.into();
    before(&OnOrderPlaced(recommender(bench)), received("others bought", placed)).await;
}
