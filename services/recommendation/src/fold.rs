//! How the associations follow from the log: the same events through the same script.

use async_trait::async_trait;
use jiff::Timestamp;
use orderflow::{
    clock::Clock,
    events::{CartUpdated, OrderPlaced, ProductViewed, RecommendationsUpdated},
    fault::Fault,
    state::{
        State,
        rebuild::{Beyond, Fold, Logged, What},
    },
    topics::{ACTIVITY, ORDERS, RECOMMENDATIONS, Topic},
};

use crate::{
    associations::{Associations, Said},
    lesson::{Deed, Lesson},
    recommender::write,
};

/// Learns from the orders there are, and from what is left of the activity; what was said is kept as it was said.
pub struct RestoreAssociations {
    /// With the half-life that is set now.
    pub associations: Associations,
    /// Tells what is too old to count, and what is left of the lives of answers.
    pub clock: Clock,
}

#[async_trait]
impl Fold for RestoreAssociations {
    fn sources(&self) -> Vec<Topic> {
        // What was said comes last: until it is kept, nothing is said in a rebuild.
        vec![ORDERS, ACTIVITY, RECOMMENDATIONS]
    }

    async fn fold(&self, state: &State, batch: &[Logged<'_>]) -> Result<(), Fault> {
        let (associations, now) = (self.associations.within(state), self.clock.now());
        let (mut lessons, mut said) = (Vec::new(), Vec::new());
        for logged in batch {
            if let Some(lesson) = self.lesson(logged, now)? {
                lessons.push(lesson);
            }
            said.extend(kept(logged, now)?);
        }
        if !lessons.is_empty() {
            associations.learn(&lessons, |lesson| left(lesson.deed, lesson.at, now)).await?;
        }
        if !said.is_empty() {
            associations.keep(&said).await?;
        }
        Ok(())
    }

    fn beyond_the_log(&self) -> &'static [Beyond] {
        // Weights are sums, whose last digits tell in which sequence they were added; and older views are gone.
        const WEIGHTS: [Beyond; 4] = [
            Beyond { keys: "orders", what: What::All },
            Beyond { keys: "views", what: What::All },
            Beyond { keys: "bought_with:", what: What::All },
            Beyond { keys: "viewed_with:", what: What::All },
        ];
        &WEIGHTS
    }
}

impl RestoreAssociations {
    fn lesson(&self, logged: &Logged<'_>, now: Timestamp) -> Result<Option<Lesson>, Fault> {
        // By the record's own time before it is read: years of orders are skipped, not decoded.
        if self.associations.is_forgotten(logged.envelope.time, now) {
            return Ok(None);
        }
        let envelope = &logged.envelope;
        if let Some(event) = logged.read::<OrderPlaced>()? {
            return Ok(Some(Lesson::of_order(&event, envelope)));
        }
        if let Some(event) = logged.read::<ProductViewed>()? {
            return Ok(Some(Lesson::of_view(&event, envelope)));
        }
        let event = logged.read::<CartUpdated>()?;
        Ok(event.map(|event| Lesson::of_cart(&event, envelope)))
    }
}

/// What was said, under the event it was said to.
fn kept(logged: &Logged<'_>, now: Timestamp) -> Result<Option<Said>, Fault> {
    let Some(event) = logged.read::<RecommendationsUpdated>()? else { return Ok(None) };
    // Whether to an order or to activity is not told: the longer life is right for both.
    let remembered = left(Deed::Ordered, event.updated_at, now);
    let said = match logged.envelope.causation_id {
        Some(cause) if remembered > 0 => Some(Said { event: cause, remembered, text: write(&event)? }),
        _ => None,
    };
    Ok(said)
}

/// For how many more seconds a repeat of an event of this time is recognised.
fn left(deed: Deed, at: Timestamp, now: Timestamp) -> i64 {
    deed.remembered() - now.duration_since(at).as_secs()
}
