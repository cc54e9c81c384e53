//! Which products go together and what customers have done, in Redis. The keys are listed in `README.md`.

mod answers;

use std::{collections::HashMap, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use orderflow::{
    fault::Fault,
    state::{Args, EffectScript, State},
};
use uuid::Uuid;

use crate::{
    decay::Decay,
    evidence::{Context, Relations},
    lesson::{Deed, Lesson},
    limits::{BASKET, CLUES, FROM_CART, FROM_VIEWS, NEIGHBOURS, OWNED, POPULAR, RECENT, VIEWED_WITH, VISIT},
};
use answers::Answers;

macro_rules! script {
    ($file:literal) => {
        LazyLock::new(|| EffectScript::new(concat!(include_str!("associations.lua"), include_str!($file))))
    };
}
static LEARN: LazyLock<EffectScript> = script!("learn.lua");
static LOOK: LazyLock<EffectScript> = script!("look.lua");
static KEEP: LazyLock<EffectScript> = LazyLock::new(|| EffectScript::new(include_str!("keep.lua")));

/// After so many half-lives without a new order, what is known of a product ends: it counts less than a four-thousandth.
const HALF_LIVES: i64 = 12;
/// How long a customer is remembered after the last deed, in seconds: half a year.
const CUSTOMER_LIFE: i64 = 180 * 86_400;

/// Associations in Redis. Clones share one state.
#[derive(Clone)]
pub struct Associations {
    state: State,
    decay: Decay,
    every: SignedDuration,
}

/// What learning from an event has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learnt {
    /// What was said to it before, where that is so.
    pub said: Option<String>,
    /// Whether something is to be said to it.
    pub due: bool,
    /// What there is to rank it from; empty unless something is due and nothing was said.
    pub context: Context,
}

/// An answer to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The event's id.
    pub event: Uuid,
    /// For how many seconds a repeat gets the same.
    pub remembered: i64,
    /// The answer.
    pub text: String,
}

impl Associations {
    /// The associations in this state. After activity, something is due at most once in `every` of a customer.
    #[must_use]
    pub fn new(state: State, decay: Decay, every: SignedDuration) -> Self {
        Self { state, decay, every }
    }

    /// The same in another state: one under construction.
    #[must_use]
    pub fn within(&self, state: &State) -> Self {
        Self { state: state.clone(), ..self.clone() }
    }

    /// How weights fade.
    #[must_use]
    pub fn decay(&self) -> Decay {
        self.decay
    }

    /// Whether an event of this time counts no longer: what is known of products has ended by now.
    #[must_use]
    pub fn is_forgotten(&self, at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(at).as_secs() > HALF_LIVES * self.decay.half_life().as_secs()
    }

    /// Learns from each event, once, in their sequence; then looks at what there is to rank from, for all of them at the
    /// same state. `remembered` says for how many seconds a repeat is recognised.
    ///
    /// # Errors
    /// As [`State::call`]; `Lost` also when the state was learnt with another half-life.
    pub async fn learn(
        &self,
        lessons: &[Lesson],
        remembered: impl Fn(&Lesson) -> i64,
    ) -> Result<(Vec<Learnt>, Relations), Fault> {
        let mut args = self.args();
        args.push(lessons.len());
        for lesson in lessons {
            args.push(lesson.event.simple().to_string()).push(remembered(lesson).max(0));
            args.push(&lesson.customer).push(lesson.at.as_microsecond()).push(word(lesson.deed));
            // Exponents: written out, a weight of long ago has hundreds of digits.
            args.push(format!("{:e}", self.decay.weight(lesson.at))).push(lesson.skus.len());
            for sku in &lesson.skus {
                args.push(sku);
            }
        }
        let mut answers = Answers::new(self.state.call(&LEARN, args).await?);
        let learnt = (0..lessons.len()).map(|_| answers.learnt()).collect::<Result<_, _>>()?;
        Ok((learnt, answers.relations()?))
    }

    /// What there is to recommend to a customer from.
    ///
    /// # Errors
    /// As [`Self::learn`].
    pub async fn of_customer(&self, customer: &str) -> Result<(Context, Relations), Fault> {
        self.look("customer", customer).await
    }

    /// What has to do with a product.
    ///
    /// # Errors
    /// As [`Self::learn`].
    pub async fn of_product(&self, sku: &str) -> Result<Relations, Fault> {
        self.look("product", sku).await.map(|(_, relations)| relations)
    }

    async fn look(&self, what: &str, name: &str) -> Result<(Context, Relations), Fault> {
        let mut args = self.args();
        args.push(what).push(name);
        let mut answers = Answers::new(self.state.call(&LOOK, args).await?);
        let learnt = answers.learnt()?;
        Ok((learnt.context, answers.relations()?))
    }

    /// Keeps what is said to events, and returns what counts: the first for each.
    ///
    /// # Errors
    /// As [`State::call`].
    pub async fn keep(&self, said: &[Said]) -> Result<HashMap<Uuid, String>, Fault> {
        let mut args = Args::new();
        args.push(said.len());
        for one in said {
            args.push(one.event.simple().to_string()).push(one.remembered).push(&one.text);
        }
        let kept: Vec<String> = self.state.call(&KEEP, args).await?;
        Ok(said.iter().map(|one| one.event).zip(kept).collect())
    }

    /// What every script on associations begins with.
    fn args(&self) -> Args {
        let mut args = Args::new();
        let half_life = self.decay.half_life();
        args.push(half_life.as_secs().to_string()).push(HALF_LIVES * half_life.as_secs()).push(CUSTOMER_LIFE);
        args.push(micros(VISIT)).push(micros(self.every));
        for limit in [NEIGHBOURS, BASKET, OWNED, RECENT, VIEWED_WITH, CLUES, FROM_CART, FROM_VIEWS, POPULAR] {
            args.push(limit);
        }
        args
    }
}

fn micros(time: SignedDuration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A deed as the script names it.
fn word(deed: Deed) -> &'static str {
    match deed {
        Deed::Ordered => "order",
        Deed::Viewed => "view",
        Deed::Cart => "cart",
    }
}
