//! What to show, and why: from a context and relations to a ranked list. Pure; the service and `orderflow models evaluate
//! recommendation` both rank with this.
//!
//! Item-to-item collaborative filtering (G. Linden, B. Smith, J. York: *Amazon.com Recommendations*, IEEE Internet
//! Computing 7(1), 2003) on decayed counts. Two products are as similar as the cosine of the orders they are in, shrunk
//! towards zero where they are in few (R. Bell, Y. Koren, 2007):
//!
//! similarity(a, b) = together(a, b) / (√(orders(a) · orders(b)) + SHRINK)
//!
//! An order of n products gives each of them one unit, to share among the other n − 1: a long list says less of any two.

use std::collections::{HashMap, HashSet};

use orderflow::events::RecommendedItem;

use crate::evidence::{Clue, Context, Kind, Relations, Weighed};

/// Names this maths, weights included; events carry it. Moves with every change of what is ranked how.
pub const MODEL_VERSION: &str = "co-visits-1";

/// Orders' worth of doubt: a similarity seen once counts a sixth of one that is certain.
const SHRINK: f64 = 5.0;
/// A product speaks for this many others, the most similar ones: behind them is what everybody buys.
const SPEAKS_FOR: usize = 20;
/// What a view's first clue weighs, beside one for what was put into the cart last.
const VIEWED: f64 = 0.5;
/// What a purchase weighs. They weigh alike: tastes last, and the newest order is over.
const BOUGHT: f64 = 0.1;

/// Scores are told with four decimals: more would pretend to know more.
const DECIMALS: f64 = 10_000.0;

/// A list, best first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranked {
    /// At most as many as were asked for.
    pub items: Vec<RecommendedItem>,
}

impl Ranked {
    /// What the list stands on: `personal` when a clue points at one of its products, else `popularity`.
    #[must_use]
    pub fn basis(&self) -> &'static str {
        if self.items.iter().any(|item| item.because_of.is_some()) { "personal" } else { "popularity" }
    }
}

/// A product on its way into a list.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    score: f64,
    /// The clue that adds most, how much, and by what relation.
    strongest: (f64, &'a str, &'static str),
}

/// The `limit` products this context points at most, filled up with popular ones. `unit` is the
/// [weight](crate::decay::Decay::weight) of the moment for which it is asked. Scores are from 0 to 1.
#[must_use]
pub fn rank(context: &Context, relations: &Relations, unit: f64, limit: usize) -> Ranked {
    let mut items = pointed_at(context, relations, unit);
    items.truncate(limit);
    let listed: HashSet<String> = items.iter().map(|item| item.sku.clone()).collect();
    let rest =
        relations.popular.iter().filter(|sku| !context.excluded.contains(*sku) && !listed.contains(*sku));
    let missing = limit - items.len();
    items.extend(rest.take(missing).map(|sku| popular_item(sku)));
    Ranked { items }
}

/// Products that go with this one, bought or viewed; none where none is known.
#[must_use]
pub fn related(sku: &str, relations: &Relations, unit: f64, limit: usize) -> Vec<RecommendedItem> {
    let context = Context {
        clues: vec![Clue { kind: Kind::Cart, sku: sku.to_owned() }],
        excluded: [sku.to_owned()].into(),
    };
    let mut items = pointed_at(&context, relations, unit);
    items.truncate(limit);
    items
}

/// Everything the clues point at, best first.
fn pointed_at(context: &Context, relations: &Relations, unit: f64) -> Vec<RecommendedItem> {
    let mut candidates: HashMap<&str, Candidate<'_>> = HashMap::new();
    let (mut of_kind, mut total) = (HashMap::<Kind, usize>::new(), 0.0);
    for clue in &context.clues {
        let place = of_kind.entry(clue.kind).or_default();
        let weight = weight(clue.kind, *place);
        *place += 1;
        total += weight;
        for (sku, similarity, reason) in neighbours(&clue.sku, relations, unit) {
            let adds = weight * similarity;
            let none = Candidate { score: 0.0, strongest: (0.0, "", "") };
            let candidate = candidates.entry(sku).or_insert(none);
            candidate.score += adds;
            if adds > candidate.strongest.0 {
                candidate.strongest = (adds, &clue.sku, reason);
            }
        }
    }
    let wanted = candidates.into_iter().filter(|(sku, _)| !context.excluded.contains(*sku));
    let mut items: Vec<RecommendedItem> =
        wanted.map(|(sku, candidate)| item(sku, candidate, total)).collect();
    items.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.sku.cmp(&b.sku)));
    items
}

/// What the clue at this place of its kind weighs; place 0 is the newest. In a cart and among views the last ones count
/// most: people look for one thing after the other.
fn weight(kind: Kind, place: usize) -> f64 {
    match kind {
        Kind::Cart => 1.0 / (place + 1) as f64,
        Kind::Viewed => VIEWED / (place + 1) as f64,
        Kind::Bought => BOUGHT,
    }
}

/// The products a clue speaks for: similarity and by what relation, the stronger one of two.
fn neighbours<'a>(sku: &str, relations: &'a Relations, unit: f64) -> Vec<(&'a str, f64, &'static str)> {
    let bought = similar(sku, relations.bought.get(sku), &relations.orders, unit);
    let viewed = similar(sku, relations.viewed.get(sku), &relations.views, unit);
    let mut found: Vec<_> = bought.into_iter().map(|(sku, value)| (sku, value, "bought_together")).collect();
    for (sku, value) in viewed {
        match found.iter_mut().find(|(known, ..)| *known == sku) {
            Some(known) if known.1 >= value => {}
            Some(known) => *known = (sku, value, "viewed_together"),
            None => found.push((sku, value, "viewed_together")),
        }
    }
    found
}

/// The most similar of a product's neighbours by one relation, with similarities from 0 to 1.
fn similar<'a>(
    sku: &str,
    neighbours: Option<&'a Weighed>,
    occurrences: &Weighed,
    unit: f64,
) -> Vec<(&'a str, f64)> {
    let occurs = |sku: &str| occurrences.get(sku).copied().unwrap_or_default();
    let own = occurs(sku).sqrt();
    let mut found: Vec<(&str, f64)> = neighbours
        .into_iter()
        .flatten()
        // Roots first: the product of two sums might not be finite.
        .map(|(other, together)| (other.as_str(), together / (own * occurs(other).sqrt() + SHRINK * unit)))
        .map(|(other, similarity)| (other, similarity.min(1.0)))
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    found.truncate(SPEAKS_FOR);
    found
}

fn item(sku: &str, candidate: Candidate<'_>, total: f64) -> RecommendedItem {
    let (_, because_of, reason) = candidate.strongest;
    RecommendedItem {
        sku: sku.to_owned(),
        score: ((candidate.score / total).clamp(0.0, 1.0) * DECIMALS).round() / DECIMALS,
        reason: reason.to_owned(),
        because_of: Some(because_of.to_owned()),
    }
}

fn popular_item(sku: &str) -> RecommendedItem {
    RecommendedItem { sku: sku.to_owned(), score: 0.0, reason: "popular".to_owned(), because_of: None }
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
