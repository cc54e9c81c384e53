//! What the newest orders were like: how many were in which bin, by slices. The oldest slice goes when a new one is full.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use orderflow_model::{
    drift::{Bins, Distance},
    manifest::Reference,
};

use crate::{
    scorer::Seen,
    vector::{self, LEN},
};

/// A window moves on by a tenth of itself.
const SLICES: u32 = 10;
/// Features that tell the time of day: those of less than a whole day are not those of training, whatever the orders are.
const OF_THE_CLOCK: [&str; 2] = ["hour_sine", "hour_cosine"];
/// Fewer orders may well have the same score, though they differ.
const MANY: u32 = 1_000;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Counts of the newest orders.
pub struct Window {
    /// Of each feature, then of the score.
    bins: Vec<Bins>,
    /// Which of the features tell the time of day.
    of_the_clock: [bool; LEN],
    per_slice: u32,
    filling: Slice,
    full: VecDeque<Slice>,
    last: Option<[f32; LEN]>,
}

/// Some orders in a row.
#[derive(Clone)]
struct Slice {
    /// Of each feature, then of the score: how many orders were in each bin.
    counts: Vec<Vec<u32>>,
    orders: u32,
    /// How many differed from the one before them.
    others: u32,
    placed: Range<Timestamp>,
    scores: Range<f64>,
}

/// The least and the greatest there was.
#[derive(Clone, Copy)]
struct Range<T>(Option<(T, T)>);

/// What a window shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// How far away each feature, and then the score, is from training; none of what this window cannot tell.
    pub distances: Vec<Option<Distance>>,
    /// How many orders it is of.
    pub orders: u64,
    /// When the first and the last of them were placed.
    pub placed: (Timestamp, Timestamp),
    /// All of them, 1,000 at least, have the same score, although half of them or more differ from the one before.
    pub same_score: bool,
}

impl Window {
    /// An empty one of so many orders.
    #[must_use]
    pub fn new(reference: &Reference, orders: u32) -> Self {
        let features = reference.features.iter().map(Bins::of_feature);
        let bins: Vec<Bins> = features.chain([Bins::of_score(&reference.score)]).collect();
        let filling = Slice::empty(&bins);
        Self {
            of_the_clock: vector::names().map(|name| OF_THE_CLOCK.contains(&name)),
            per_slice: orders.div_ceil(SLICES),
            filling,
            full: VecDeque::new(),
            last: None,
            bins,
        }
    }

    /// Counts an order and its score; whether the window has moved on by it.
    pub fn add(&mut self, seen: &Seen, score: f64) -> bool {
        let others = self.last.is_some_and(|last| self.differ(&last, &seen.vector));
        self.last = Some(seen.vector);
        let values = seen.vector.iter().copied().chain([score as f32]);
        for ((bins, counts), value) in self.bins.iter().zip(&mut self.filling.counts).zip(values) {
            if let Some(count) = counts.get_mut(bins.place(value)) {
                *count += 1;
            }
        }
        let slice = &mut self.filling;
        slice.orders += 1;
        slice.others += u32::from(others);
        slice.placed = slice.placed.with(seen.placed_at);
        slice.scores = slice.scores.with(score);
        if slice.orders < self.per_slice {
            return false;
        }
        self.full.push_back(std::mem::replace(&mut self.filling, Slice::empty(&self.bins)));
        if self.full.len() > SLICES as usize {
            self.full.pop_front();
        }
        true
    }

    /// What the full slices show; nothing while there is none.
    #[must_use]
    pub fn measure(&self) -> Option<Measured> {
        let sum = self.full.iter().cloned().reduce(Slice::and)?;
        let (placed, scores) = (sum.placed.0?, sum.scores.0?);
        let whole_day = placed.1.duration_since(placed.0) >= DAY;
        let is_told = |number: usize| whole_day || !self.of_the_clock.get(number).is_some_and(|clock| *clock);
        let distance = |(number, (bins, counts)): (usize, (&Bins, &Vec<u32>))| {
            let counts: Vec<u64> = counts.iter().map(|count| u64::from(*count)).collect();
            is_told(number).then(|| bins.distance(&counts))
        };
        Some(Measured {
            distances: self.bins.iter().zip(&sum.counts).enumerate().map(distance).collect(),
            orders: sum.orders.into(),
            placed,
            same_score: sum.orders >= MANY && scores.0 == scores.1 && sum.others >= sum.orders / 2,
        })
    }

    /// Whether two orders differ in more than the time of day.
    fn differ(&self, one: &[f32; LEN], other: &[f32; LEN]) -> bool {
        let pairs = one.iter().zip(other).zip(&self.of_the_clock);
        pairs.filter(|(_, clock)| !**clock).any(|((one, other), _)| one.to_bits() != other.to_bits())
    }
}

impl Slice {
    fn empty(bins: &[Bins]) -> Self {
        Self {
            counts: bins.iter().map(|bins| vec![0; bins.len()]).collect(),
            orders: 0,
            others: 0,
            placed: Range(None),
            scores: Range(None),
        }
    }

    fn and(mut self, other: Self) -> Self {
        for (counts, others) in self.counts.iter_mut().zip(&other.counts) {
            counts.iter_mut().zip(others).for_each(|(count, other)| *count += other);
        }
        self.orders += other.orders;
        self.others += other.others;
        self.placed = other.placed.0.map_or(self.placed, |(from, to)| self.placed.with(from).with(to));
        self.scores = other.scores.0.map_or(self.scores, |(from, to)| self.scores.with(from).with(to));
        self
    }
}

impl<T: PartialOrd + Copy> Range<T> {
    fn with(self, value: T) -> Self {
        Self(Some(self.0.map_or((value, value), |(least, greatest)| {
            (if value < least { value } else { least }, if value > greatest { value } else { greatest })
        })))
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
