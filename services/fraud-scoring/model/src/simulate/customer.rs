//! Customers and their habits.

use rand::{RngExt, seq::IndexedRandom};

use super::{
    basket::{Taste, basket},
    draft::{Draft, Who},
    random::{Dice, around, normal, waiting},
    world::{Numbers, Place, carrier_address, home, pick_up_point},
};

/// Shares of the customers: those who order for a business, those who share a household with another customer, those who
/// open the account within the simulated time, those who order a few times a year, those whose shop names no device.
const BUSINESS: f64 = 0.01;
const HOUSEHOLD: f64 = 0.05;
const NEWCOMER: f64 = 0.30;
const SELDOM: f64 = 0.25;
const NO_DEVICE: f64 = 0.04;
/// Share of the customers who make a journey, and its length in days.
const TRAVELLER: f64 = 0.20;
const JOURNEY: std::ops::Range<f64> = 4.0..14.0;
/// The longest an account has been there when the simulation begins, in days.
const OLDEST: f64 = 1_500.0;

/// A customer.
#[derive(Debug, Clone)]
pub struct Customer {
    pub number: u64,
    pub home: Place,
    /// On which day the account was made; below zero before the simulation.
    pub since: f64,
    /// Orders a day.
    pub rate: f64,
    /// What an order costs, minor units: the median.
    pub amount: f64,
    /// How much that varies: the sigma of a log-normal.
    pub spread: f64,
    /// The hour of the day, in local time, around which orders come.
    pub hour: f64,
    pub taste: Taste,
    pub cards: Vec<u64>,
    pub devices: Vec<u64>,
    pub names_device: bool,
    pub addresses: Vec<u64>,
    pub ip: u64,
    pub business: bool,
    /// From which day to which day, and where.
    pub journey: Option<(f64, f64, Place)>,
}

impl Customer {
    /// A customer of a simulation of so many days. May share a household with `neighbour`.
    pub fn new(dice: &mut Dice, numbers: &mut Numbers, days: f64, neighbour: Option<&Self>) -> Self {
        let business = dice.random_bool(BUSINESS);
        let since = if dice.random_bool(NEWCOMER) {
            dice.random_range(0.0..days)
        } else {
            -dice.random_range(0.0..OLDEST)
        };
        let journey = dice.random_bool(TRAVELLER).then(|| {
            let from = dice.random_range(0.0..days);
            (from, from + dice.random_range(JOURNEY), home(dice))
        });
        let mut customer = Self {
            number: numbers.fresh(),
            home: home(dice),
            since,
            rate: rate(dice, business),
            amount: if business { around(dice, 22_000.0, 0.8) } else { around(dice, 4_500.0, 0.7) },
            spread: dice.random_range(0.25..0.7),
            hour: normal(dice, 15.0, 4.0),
            taste: Taste::customer(dice),
            cards: fresh(numbers, 1 + usize::from(dice.random_bool(0.3))),
            devices: fresh(numbers, dice.random_range(1..=3)),
            names_device: !dice.random_bool(NO_DEVICE),
            addresses: fresh(numbers, 1 + usize::from(dice.random_bool(0.25))),
            ip: numbers.fresh(),
            business,
            journey,
        };
        if let Some(neighbour) = neighbour.filter(|_| dice.random_bool(HOUSEHOLD)) {
            customer.share_household(neighbour);
        }
        customer
    }

    fn share_household(&mut self, neighbour: &Self) {
        self.home = neighbour.home;
        self.ip = neighbour.ip;
        self.addresses.clone_from(&neighbour.addresses);
        self.devices.extend(neighbour.devices.first());
        self.cards.extend(neighbour.cards.last());
    }

    /// What an order of this customer costs on an ordinary day, minor units.
    pub fn usual(&self, dice: &mut Dice) -> f64 {
        around(dice, self.amount, self.spread).max(200.0)
    }

    /// An hour of the day at which this customer orders, in local time.
    pub fn usual_hour(&self, dice: &mut Dice) -> f64 {
        normal(dice, self.hour, 3.5).rem_euclid(24.0)
    }

    /// Whether the account is there on this day.
    pub fn is_there(&self, day: f64) -> bool {
        self.since <= day
    }

    /// An order as this customer places them, of about this amount, on this day of the simulation.
    pub fn draft(&self, dice: &mut Dice, amount: f64, day: f64) -> Draft {
        let lines = 1 + (waiting(dice, 1.1) as u32).min(6);
        let away =
            self.journey.filter(|(from, to, _)| (*from..*to).contains(&day)).map(|(_, _, place)| place);
        let (ip, caller) = match away {
            Some(place) => (carrier_address(dice, place), place),
            // Somebody who hides where they are, with no bad intent.
            None if dice.random_bool(0.01) => {
                let place = home(dice);
                (carrier_address(dice, place), place)
            }
            None if dice.random_bool(0.35) => (carrier_address(dice, self.home), self.home),
            None => (self.ip, self.home),
        };
        let most = if self.business { 40 } else { 6 };
        Draft {
            who: Who::Account(self.number),
            account_age: day - self.since,
            card: favourite(dice, &self.cards),
            device: self.names_device.then(|| favourite(dice, &self.devices)),
            address: match dice.random_bool(0.04) {
                true => pick_up_point(dice, self.home),
                false => favourite(dice, &self.addresses),
            },
            ip: (!dice.random_bool(0.01)).then_some(ip),
            billing: self.home,
            delivery: self.home,
            caller,
            lines: basket(dice, &self.taste, amount, lines, most),
            express: dice.random_bool(0.12),
            fraud: None,
        }
    }
}

/// Orders a day.
fn rate(dice: &mut Dice, business: bool) -> f64 {
    if business {
        dice.random_range(3.0..8.0)
    } else if dice.random_bool(SELDOM) {
        dice.random_range(0.003..0.03)
    } else {
        around(dice, 0.32, 1.1).min(4.0)
    }
}

fn fresh(numbers: &mut Numbers, how_many: usize) -> Vec<u64> {
    (0..how_many).map(|_| numbers.fresh()).collect()
}

/// Mostly the first of what somebody has.
fn favourite(dice: &mut Dice, all: &[u64]) -> u64 {
    let first = all.first().copied().unwrap_or_default();
    if dice.random_bool(0.75) { first } else { all.choose(dice).copied().unwrap_or(first) }
}
