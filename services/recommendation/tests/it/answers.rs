//! What is said to events, how often, and that a repeat hears the same.

use jiff::SignedDuration;
use orderflow::fault::Consequence;
use recommendation::{
    associations::Associations, decay::Decay, on_cart_updated::OnCartUpdated, on_order_placed::OnOrderPlaced,
    on_product_viewed::OnProductViewed,
};

use crate::support::{
    EVERY, HOUR, OFFER, SECOND, associations, at, cart, lesson, order, recommender, said, shown, standing_at,
    view,
};
use orderflow_testkit::RedisServer;

#[tokio::test]
async fn whoever_orders_is_shown_what_others_bought_with_it_and_nothing_they_have() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let step = OnOrderPlaced(recommender(&state, standing_at(at(HOUR))));
    let earlier = [
        order(1, "ada", 0, &["MUG", "TEA", "KETTLE"]),
        order(2, "bela", 1, &["MUG", "TEA"]),
        order(3, "carl", 2, &["LAMP"]),
    ];
    said(&step, &earlier).await;
    let event = said(&step, &[order(4, "dora", 3, &["MUG"])]).await.remove(0).unwrap();
    let expected = [
        ("TEA", "bought_together", Some("MUG")),
        ("KETTLE", "bought_together", Some("MUG")),
        ("LAMP", "popular", None),
    ];
    assert_eq!(shown(&event), expected);
    assert_eq!((event.customer_id.as_str(), event.basis.as_str()), ("dora", "personal"));
    assert!(event.items[0].score > event.items[1].score && event.items[2].score == 0.0, "{event:?}");
    assert_eq!(event.valid_until.duration_since(event.updated_at), OFFER.valid_for);
}

#[tokio::test]
async fn a_first_customer_is_shown_nothing_rather_than_something_made_up() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let step = OnOrderPlaced(recommender(&state, standing_at(at(0))));
    let event = said(&step, &[order(1, "ada", 0, &["MUG"])]).await.remove(0).unwrap();
    assert_eq!((shown(&event).len(), event.basis.as_str()), (0, "popularity"));
}

#[tokio::test]
async fn a_cart_is_shown_what_goes_with_what_was_put_there_last() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let recommender = recommender(&state, standing_at(at(HOUR)));
    let (ordered, carted) = (OnOrderPlaced(recommender.clone()), OnCartUpdated(recommender));
    said(&ordered, &[order(1, "ada", 0, &["MUG", "TEA"]), order(2, "bela", 0, &["LAMP", "BULB"])]).await;
    let event = said(&carted, &[cart(3, "carl", 1, &["MUG", "LAMP"])]).await.remove(0).unwrap();
    assert_eq!(
        shown(&event),
        [("BULB", "bought_together", Some("LAMP")), ("TEA", "bought_together", Some("MUG"))]
    );
    // What is ordered has left the cart: TEA follows from the purchase, as LAMP is no longer a clue.
    let event = said(&ordered, &[order(4, "carl", 2, &["MUG"])]).await.remove(0).unwrap();
    assert_eq!(shown(&event)[0], ("TEA", "bought_together", Some("MUG")));
    assert!(shown(&event).contains(&("LAMP", "popular", None)), "{event:?}");
}

#[tokio::test]
async fn views_of_one_visit_go_together_and_those_of_another_do_not() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let step = OnProductViewed(recommender(&state, standing_at(at(2 * HOUR))));
    let views = [view(1, "ada", 0, "MUG"), view(2, "ada", SECOND, "TEA"), view(3, "ada", HOUR, "LAMP")];
    said(&step, &views).await;
    let event = said(&step, &[view(4, "bela", HOUR, "MUG")]).await.remove(0).unwrap();
    assert_eq!(shown(&event), [("TEA", "viewed_together", Some("MUG"))]);
}

#[tokio::test]
async fn activity_is_answered_at_most_once_in_a_while_and_orders_always() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let recommender = recommender(&state, standing_at(at(HOUR)));
    let (ordered, viewed) = (OnOrderPlaced(recommender.clone()), OnProductViewed(recommender));
    let gap = i64::try_from(EVERY.as_micros()).unwrap();
    let views: Vec<_> = [0, 1, gap - 1, gap, gap + 1, 2 * gap]
        .into_iter()
        .zip(1..)
        .map(|(us, number)| view(number, "ada", us, &format!("SKU-{number}")))
        .collect();
    let answered: Vec<bool> = said(&viewed, &views).await.iter().map(Option::is_some).collect();
    assert_eq!(answered, [true, false, false, true, false, true]);
    let orders = [order(1, "ada", 2 * gap + 1, &["MUG"]), order(2, "ada", 2 * gap + 2, &["TEA"])];
    assert!(said(&ordered, &orders).await.iter().all(Option::is_some));
    // Another customer has a while of their own.
    assert!(said(&viewed, &[view(9, "bela", 0, "MUG")]).await[0].is_some());
}

#[tokio::test]
async fn a_repeat_hears_the_same_after_others_have_come_and_teaches_nothing() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let first = OnOrderPlaced(recommender(&state, standing_at(at(HOUR))));
    let batch = [order(1, "ada", 0, &["MUG", "TEA"]), order(2, "bela", 1, &["MUG"])];
    let said_first = said(&first, &batch).await;
    said(&first, &[order(3, "carl", 2, &["MUG", "LAMP"])]).await;
    let known = associations(&state).of_product("MUG").await.unwrap();
    let later = OnOrderPlaced(recommender(&state, standing_at(at(48 * HOUR))));
    assert_eq!(said(&later, &batch).await, said_first);
    assert_eq!(associations(&state).of_product("MUG").await.unwrap(), known);
}

#[tokio::test]
async fn what_was_learnt_and_not_answered_before_a_crash_is_answered_and_not_learnt_again() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    let received = order(1, "ada", 0, &["MUG", "TEA"]);
    let mut taught = lesson(0, "ada", 0, recommendation::lesson::Deed::Ordered, &["MUG", "TEA"]);
    taught.event = received.envelope.id;
    associations(&state).learn(&[taught], |_| 60).await.unwrap();
    let known = associations(&state).of_product("MUG").await.unwrap();
    let step = OnOrderPlaced(recommender(&state, standing_at(at(HOUR))));
    assert!(said(&step, &[received]).await[0].is_some());
    assert_eq!(associations(&state).of_product("MUG").await.unwrap(), known);
}

#[tokio::test]
async fn weights_of_two_half_lives_are_never_added() {
    let Some(server) = RedisServer::start() else { return };
    let state = server.fresh().await;
    associations(&state).of_customer("ada").await.unwrap();
    let other = Associations::new(state, Decay::new(SignedDuration::from_hours(30 * 24)), EVERY);
    let fault = other.of_customer("ada").await.unwrap_err();
    // The runtime rebuilds the state from the log, with the half-life that is set now.
    assert_eq!(fault.consequence(), Consequence::Lost);
}
