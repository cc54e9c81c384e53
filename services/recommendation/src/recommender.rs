//! From events to recommendations: learn, rank, keep. All steps do this; they differ in what they learn from.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    events::RecommendationsUpdated,
    fault::Fault,
    step::{Outcome, Verdicts},
};
use uuid::Uuid;

use crate::{
    associations::{Associations, Learnt, Said},
    evidence::{Context, Relations},
    lesson::Lesson,
    ranking::{MODEL_VERSION, rank},
};

/// Learns from events and answers them.
#[derive(Clone)]
pub struct Recommender {
    associations: Associations,
    clock: Clock,
    offer: Offer,
}

/// What recommendations are like.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// How many products an event has at most.
    pub items: usize,
    /// How long one is valid.
    pub valid_for: SignedDuration,
}

impl Recommender {
    /// A recommender on these associations.
    #[must_use]
    pub fn new(associations: Associations, clock: Clock, offer: Offer) -> Self {
        Self { associations, clock, offer }
    }

    /// Learns from a batch, one lesson a record, and says what is due. A repeat is told what was said first.
    ///
    /// # Errors
    /// As [`Associations::learn`]; `Fatal` when what was said is unreadable.
    pub async fn answer(&self, lessons: Vec<Lesson>) -> Verdicts<RecommendationsUpdated> {
        if lessons.is_empty() {
            return Ok(Vec::new());
        }
        let (learnt, relations) =
            self.associations.learn(&lessons, |lesson| lesson.deed.remembered()).await?;
        let kept = self.keep(&lessons, &learnt, &relations).await?;
        let answers = lessons.iter().zip(learnt).map(|(lesson, learnt)| {
            match learnt.said.as_ref().or_else(|| kept.get(&lesson.event)) {
                Some(said) => read(said).map(Outcome::event),
                None => Ok(Outcome::nothing()),
            }
        });
        Ok(answers.collect())
    }

    /// Ranks for those to whom something is due for the first time.
    async fn keep(
        &self,
        lessons: &[Lesson],
        learnt: &[Learnt],
        relations: &Relations,
    ) -> Result<HashMap<Uuid, String>, Fault> {
        let now = self.clock.now();
        let new = lessons.iter().zip(learnt).filter(|(_, learnt)| learnt.due && learnt.said.is_none());
        let said = new.map(|(lesson, learnt)| {
            let event = self.recommend(&lesson.customer, &learnt.context, relations, now);
            Ok(Said { event: lesson.event, remembered: lesson.deed.remembered(), text: write(&event)? })
        });
        let said = said.collect::<Result<Vec<_>, Fault>>()?;
        if said.is_empty() { Ok(HashMap::new()) } else { self.associations.keep(&said).await }
    }

    fn recommend(
        &self,
        customer: &str,
        context: &Context,
        relations: &Relations,
        now: Timestamp,
    ) -> RecommendationsUpdated {
        let ranked = rank(context, relations, self.associations.decay().weight(now), self.offer.items);
        RecommendationsUpdated {
            customer_id: customer.to_owned(),
            basis: ranked.basis().to_owned(),
            items: ranked.items,
            model_version: MODEL_VERSION.to_owned(),
            updated_at: now,
            valid_until: now.checked_add(self.offer.valid_for).unwrap_or(Timestamp::MAX),
        }
    }
}

/// An answer as it is kept.
///
/// # Errors
/// `Poison` when it cannot be written.
pub(crate) fn write(event: &RecommendationsUpdated) -> Result<String, Fault> {
    serde_json::to_string(event).map_err(|error| {
        Fault::poison("recommendation_unwritable", "recommendations cannot be kept").caused_by(error)
    })
}

fn read(text: &str) -> Result<RecommendationsUpdated, Fault> {
    serde_json::from_str(text).map_err(|error| {
        let message = "kept recommendations are not of this version's shape";
        Fault::fatal("stored_recommendation_unreadable", message).caused_by(error)
    })
}
