//! The hop: from a view to what to show to its customer.

use orderflow::{
    events::{ProductViewed, RecommendationsUpdated},
    step::{Received, Step, Verdicts},
};

use crate::{lesson::Lesson, recommender::Recommender};

/// Learns what is viewed within one visit, and says what to show, now and then.
/// Reads `activity`, writes `recommendations`.
pub struct OnProductViewed(pub Recommender);

impl Step for OnProductViewed {
    const NAME: &'static str = "recommendation.on_product_viewed";
    const GATHERS: bool = true;
    type In = ProductViewed;
    type Out = RecommendationsUpdated;

    async fn handle(&self, batch: &[Received<ProductViewed>]) -> Verdicts<RecommendationsUpdated> {
        let lesson = |one: &Received<ProductViewed>| Lesson::of_view(&one.event, &one.envelope);
        self.0.answer(batch.iter().map(lesson).collect()).await
    }
}
