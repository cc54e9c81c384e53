//! One customer: what was bought, viewed, and lies in the cart.

use std::{cmp::Reverse, collections::HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::{
    evidence::{Clue, Context, Kind},
    lesson::{Deed, Lesson},
    limits::{CLUES, FROM_CART, FROM_VIEWS, OWNED, RECENT, VIEWED_WITH, VISIT},
};

/// Products by when, as a Redis sorted set of times.
type Times = HashMap<String, Timestamp>;

/// What a customer has done.
#[derive(Debug, Clone, Default)]
pub struct Customer {
    bought: Times,
    viewed: Times,
    cart: Vec<String>,
    cart_at: Option<Timestamp>,
    /// When recommendations were last due.
    said: Option<Timestamp>,
}

impl Customer {
    /// Notes what was done.
    pub fn remember(&mut self, lesson: &Lesson) {
        match lesson.deed {
            Deed::Ordered => {
                // What was ordered is no longer in the cart, also when the topic with the cart is read later.
                self.set_cart(&[], lesson.at);
                note(&mut self.bought, &lesson.skus, lesson.at, OWNED);
            }
            Deed::Viewed => note(&mut self.viewed, &lesson.skus, lesson.at, RECENT),
            Deed::Cart => self.set_cart(&lesson.skus, lesson.at),
        }
    }

    /// The newest cart counts.
    fn set_cart(&mut self, skus: &[String], at: Timestamp) {
        if self.cart_at.is_none_or(|known| known <= at) {
            (self.cart, self.cart_at) = (skus.to_vec(), Some(at));
        }
    }

    /// Whether recommendations are due after this, and notes that they are.
    pub fn is_due(&mut self, lesson: &Lesson, every: SignedDuration) -> bool {
        let due = lesson.deed == Deed::Ordered
            || self.said.is_none_or(|said| lesson.at.duration_since(said) >= every);
        if due {
            self.said = self.said.max(Some(lesson.at));
        }
        due
    }

    /// What was viewed within one visit before `sku` was, the newest first; `None` when `sku` itself was.
    pub fn viewed_before(&self, sku: &str, at: Timestamp) -> Option<Vec<String>> {
        if self.viewed.get(sku).is_some_and(|before| at.duration_since(*before) < VISIT) {
            return None;
        }
        let within = |time: Timestamp| time <= at && at.duration_since(time) < VISIT;
        let others = newest(&self.viewed).into_iter().filter(|(other, time)| *other != sku && within(*time));
        Some(others.take(VIEWED_WITH).map(|(other, _)| other.to_owned()).collect())
    }

    /// What of all this points at products.
    pub fn context(&self) -> Context {
        let bought = newest(&self.bought);
        let mut context = Context {
            clues: Vec::new(),
            excluded: self.cart.iter().chain(self.bought.keys()).cloned().collect(),
        };
        let mut add = |kind: Kind, skus: &mut dyn Iterator<Item = &str>, most: usize| {
            for sku in skus {
                let full = context.clues.len() >= CLUES
                    || context.clues.iter().filter(|clue| clue.kind == kind).count() >= most;
                if !full && !context.clues.iter().any(|clue| clue.sku == sku) {
                    context.clues.push(Clue { kind, sku: sku.to_owned() });
                }
            }
        };
        add(Kind::Cart, &mut self.cart.iter().rev().map(String::as_str), FROM_CART);
        add(Kind::Viewed, &mut newest(&self.viewed).into_iter().map(|(sku, _)| sku), FROM_VIEWS);
        add(Kind::Bought, &mut bought.into_iter().map(|(sku, _)| sku), CLUES);
        context
    }
}

/// Notes the time of each, keeps the `most` newest.
fn note(times: &mut Times, skus: &[String], at: Timestamp, most: usize) {
    for sku in skus {
        let known = times.entry(sku.clone()).or_insert(at);
        *known = at.max(*known);
    }
    if times.len() > most {
        let kept = newest(times).into_iter().take(most).map(|(sku, at)| (sku.to_owned(), at));
        *times = kept.collect();
    }
}

/// The newest first; of the same moment the one that comes later in the alphabet, as ZREVRANGE has it.
fn newest(times: &Times) -> Vec<(&str, Timestamp)> {
    let mut all: Vec<(&str, Timestamp)> = times.iter().map(|(sku, at)| (sku.as_str(), *at)).collect();
    all.sort_unstable_by_key(|(sku, at)| Reverse((*at, *sku)));
    all
}
