//! The stream of orders: each day is planned when it begins, and what is planned waits for its time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::{RngExt, SeedableRng};

use super::{
    DAY, Placed, START, Settings,
    customer::Customer,
    draft::Draft,
    fraud::{self, Scene},
    honest, labels,
    random::Dice,
    world::Numbers,
};

/// Orders by time. Holds the customers, and what is planned for the day and by the campaigns under way; never the past.
#[derive(Debug)]
pub struct Simulation {
    settings: Settings,
    dice: Dice,
    numbers: Numbers,
    customers: Vec<Customer>,
    queue: Queue,
    /// The next day to plan.
    day: u32,
}

/// Orders that wait for their time.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: BTreeMap<(i64, u64), Draft>,
    planned: u64,
}

impl Queue {
    /// Plans an order for a time, in days of the simulation.
    pub fn add(&mut self, days: f64, draft: Draft) {
        self.planned += 1;
        self.waiting.insert((START + (days * DAY as f64) as i64, self.planned), draft);
    }

    /// The next order before a time, in microseconds since 1970 UTC.
    fn next_before(&mut self, end: i64) -> Option<(i64, Draft)> {
        let first = self.waiting.first_entry().filter(|first| first.key().0 < end)?;
        let ((at, _), draft) = first.remove_entry();
        Some((at, draft))
    }
}

impl Simulation {
    /// A simulation at its beginning.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let (mut dice, mut numbers) = (Dice::seed_from_u64(settings.seed), Numbers::default());
        let mut customers: Vec<Customer> = Vec::new();
        for _ in 0..settings.customers {
            let neighbour = match customers.len() {
                0 => None,
                there => customers.get(dice.random_range(0..there)),
            };
            let customer = Customer::new(&mut dice, &mut numbers, f64::from(settings.days), neighbour);
            customers.push(customer);
        }
        Self { settings, dice, numbers, customers, queue: Queue::default(), day: 0 }
    }

    fn plan(&mut self) {
        let day = f64::from(self.day);
        for customer in &mut self.customers {
            honest::day(customer, day, &mut self.dice, &mut self.numbers, &mut self.queue);
        }
        honest::strangers(self.customers.len(), day, &mut self.dice, &mut self.numbers, &mut self.queue);
        fraud::day(&mut Scene {
            day,
            customers: &self.customers,
            dice: &mut self.dice,
            numbers: &mut self.numbers,
            queue: &mut self.queue,
        });
        self.day += 1;
    }

    fn place(&mut self, at: i64, draft: Draft) -> Placed {
        let fraud = draft.fraud;
        let reported = fraud.and_then(|scenario| labels::reported(&mut self.dice, scenario, at));
        Placed {
            fraud,
            reported_at: reported.and_then(|at| Timestamp::from_microsecond(at).ok()),
            order: draft.order(at, &mut self.dice),
        }
    }
}

impl Iterator for Simulation {
    type Item = Placed;

    fn next(&mut self) -> Option<Placed> {
        loop {
            // Nothing planned from now on comes before the next day.
            let planned_until = START + i64::from(self.day) * DAY;
            if let Some((at, draft)) = self.queue.next_before(planned_until) {
                return Some(self.place(at, draft));
            }
            if self.day >= self.settings.days {
                return None;
            }
            self.plan();
        }
    }
}
