//! Fraud: one file a scenario. Each plans its campaigns on the day they begin, some for weeks ahead.

mod account_takeover;
mod card_testing;
mod leaked_cards;
mod new_account_ring;
mod overspend;
mod stolen_card;

use rand::RngExt;

use super::{
    MINUTES, SECONDS, Scenario,
    basket::{Taste, basket},
    customer::Customer,
    draft::{Draft, Who},
    random::{Dice, how_many},
    stream::Queue,
    world::{Numbers, Place, hideout},
};

/// The rates of campaigns are for so many customers.
const CUSTOMERS: f64 = 5_000.0;

/// A day on which fraud may begin.
pub struct Scene<'a> {
    pub day: f64,
    pub customers: &'a [Customer],
    pub dice: &'a mut Dice,
    pub numbers: &'a mut Numbers,
    pub queue: &'a mut Queue,
}

/// Plans a campaign that begins on the scene's day.
type Plan = fn(&mut Scene<'_>);

/// How often campaigns of each kind begin a day, and how they are planned.
const CAMPAIGNS: [(f64, Plan); 6] = [
    (1.7, overspend::plan),
    (0.06, leaked_cards::plan),
    (2.2, stolen_card::plan),
    (0.22, card_testing::plan),
    (2.0, account_takeover::plan),
    (0.75, new_account_ring::plan),
];

/// Plans what begins on this day.
pub fn day(scene: &mut Scene<'_>) {
    let size = scene.customers.len() as f64 / CUSTOMERS;
    for (a_day, plan) in CAMPAIGNS {
        for _ in 0..how_many(scene.dice, a_day * size) {
            plan(scene);
        }
    }
}

impl<'a> Scene<'a> {
    /// A customer whose account is there today.
    fn victim(&mut self) -> Option<&'a Customer> {
        let customers = self.customers;
        // Newcomers are a minority: some try finds another.
        (0..20)
            .map(|_| self.dice.random_range(0..customers.len().max(1)))
            .filter_map(|index| customers.get(index))
            .find(|customer| customer.is_there(self.day))
    }

    /// Some time today.
    fn time(&mut self) -> f64 {
        self.day + self.dice.random_range(0.0..1.0)
    }

    fn add(&mut self, at: f64, mut draft: Draft, scenario: Scenario) {
        draft.fraud = Some(scenario);
        self.queue.add(at, draft);
    }
}

/// Somebody with a device, network addresses and a place where goods are handed over.
struct Thief {
    device: Option<u64>,
    ips: Vec<u64>,
    place: Place,
    drop: u64,
    drop_place: Place,
}

impl Thief {
    fn new(scene: &mut Scene<'_>) -> Self {
        let place = hideout(scene.dice);
        let near = scene.dice.random_bool(0.5);
        let ips = scene.dice.random_range(1..=3);
        Self {
            device: (!scene.dice.random_bool(0.08)).then(|| scene.numbers.fresh()),
            ips: (0..ips).map(|_| scene.numbers.fresh()).collect(),
            place,
            drop: scene.numbers.fresh(),
            drop_place: if near { place } else { hideout(scene.dice) },
        }
    }

    /// An order of about this amount (minor units) with somebody's card, billed where its owner lives.
    fn draft(&self, scene: &mut Scene<'_>, who: Who, age: f64, card: (u64, Place), amount: f64) -> Draft {
        let lines = if amount < 2_000.0 { 1 } else { scene.dice.random_range(1..=2) };
        Draft {
            who,
            account_age: age,
            card: card.0,
            device: self.device,
            address: self.drop,
            ip: self.ips.get(scene.dice.random_range(0..self.ips.len().max(1))).copied(),
            billing: card.1,
            delivery: self.drop_place,
            caller: self.place,
            lines: basket(scene.dice, &Taste::thief(), amount, lines, 4),
            express: scene.dice.random_bool(0.4),
            fraud: None,
        }
    }
}
