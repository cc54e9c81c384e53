//! The hop: from a cart to what goes with it.

use orderflow::{
    events::{CartUpdated, RecommendationsUpdated},
    step::{Received, Step, Verdicts},
};

use crate::{lesson::Lesson, recommender::Recommender};

/// Takes note of what is in a cart, and says what goes with it, now and then. Nothing is learnt of products: what is
/// bought in the end comes as an order. Reads `activity`, writes `recommendations`.
pub struct OnCartUpdated(pub Recommender);

impl Step for OnCartUpdated {
    const NAME: &'static str = "recommendation.on_cart_updated";
    const GATHERS: bool = true;
    type In = CartUpdated;
    type Out = RecommendationsUpdated;

    async fn handle(&self, batch: &[Received<CartUpdated>]) -> Verdicts<RecommendationsUpdated> {
        let lesson = |one: &Received<CartUpdated>| Lesson::of_cart(&one.event, &one.envelope);
        self.0.answer(batch.iter().map(lesson).collect()).await
    }
}
