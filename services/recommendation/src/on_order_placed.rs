//! The hop: from an order to what to show to its customer.

use orderflow::{
    events::{OrderPlaced, RecommendationsUpdated},
    step::{Received, Step, Verdicts},
};

use crate::{lesson::Lesson, recommender::Recommender};

/// Learns what is ordered, and what is ordered together, and says what to show to whoever ordered.
/// Reads `orders`, writes `recommendations`.
pub struct OnOrderPlaced(pub Recommender);

impl Step for OnOrderPlaced {
    const NAME: &'static str = "recommendation.on_order_placed";
    const GATHERS: bool = true;
    type In = OrderPlaced;
    type Out = RecommendationsUpdated;

    async fn handle(&self, batch: &[Received<OrderPlaced>]) -> Verdicts<RecommendationsUpdated> {
        let lesson = |one: &Received<OrderPlaced>| Lesson::of_order(&one.event, &one.envelope);
        self.0.answer(batch.iter().map(lesson).collect()).await
    }
}
