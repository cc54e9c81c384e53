//! Who orders what and when: a function of the seed, the number of orders, the rate and the shop.

use std::time::Duration;

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde::Serialize;
use serde_json::Value;

use super::Shop;

mod orders;
use orders::Maker;

/// What kind of customer an order comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody's first order.
    Ordinary,
    /// A customer who has ordered before, and comes back for what was forgotten.
    Repeat,
    /// Without an account.
    Guest,
    /// With a card that is declined.
    Declined,
    /// A lot of what there is little of.
    Scarce,
    /// One of several small charges with somebody else's card, or the large one behind them.
    CardTesting,
    /// A dear order from a new account, with bill, parcel and caller in three countries.
    NewAccountAbroad,
    /// An ordinary order home from a journey, through a phone carrier's address abroad.
    Traveller,
    /// To an address where no carrier delivers.
    Undeliverable,
    /// Whose customer takes it back a moment later, where cancels are sent.
    Regretted,
}

impl Kind {
    /// Whether its orders are meant as fraud. All of a card test are, the small charges too.
    #[must_use]
    pub fn is_fraud(self) -> bool {
        matches!(self, Self::CardTesting | Self::NewAccountAbroad)
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Shot {
    /// When it is due, from the start.
    pub due: Duration,
    /// From whom.
    pub kind: Kind,
    /// Whether it repeats an earlier request, key and all.
    pub duplicate: bool,
    /// The `Idempotency-Key`.
    pub key: Option<String>,
    /// The body of `POST /orders`.
    pub body: Value,
    /// The caller's network address.
    pub ip: String,
    /// The country of that address.
    pub country: String,
}

/// Shares of the kinds, in percent of the orders; ordinary customers are the rest.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Mix {
    pub repeat: u32,
    pub guest: u32,
    pub declined: u32,
    pub scarce: u32,
    pub card_testing: u32,
    pub new_account_abroad: u32,
    pub traveller: u32,
    pub undeliverable: u32,
    pub regretted: u32,
    /// Requests sent a second time, on top.
    pub duplicate: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            repeat: 25,
            guest: 12,
            declined: 4,
            scarce: 3,
            card_testing: 3,
            new_account_abroad: 1,
            traveller: 2,
            undeliverable: 1,
            regretted: 3,
            duplicate: 2,
        }
    }
}

/// How long after a request its duplicate follows: as an impatient customer's second click.
const SECOND_CLICK: Duration = Duration::from_millis(700);

/// `orders` orders at `rate` a second, in the order in which they are due. Duplicates come on top. The same seed, shop
/// and numbers give the same plan; `run` keeps the customers of one run apart from those of another.
#[must_use]
pub fn plan(shop: &Shop, orders: usize, rate: f64, seed: u64, run: &str, mix: &Mix) -> Vec<Shot> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut maker = Maker::new(shop, run);
    let mut shots: Vec<Shot> = Vec::with_capacity(orders + orders / 20);
    let (mut deck, mut seconds) = (Deck::default(), Deck::default());
    let gap = Duration::from_secs_f64(1.0 / rate.max(0.001));
    // Small charges and the large one of a card test come as one burst.
    let mut burst: Vec<(Kind, Value, String, String)> = Vec::new();
    for number in 0..orders {
        let due = gap.mul_f64(number as f64);
        let (kind, body, ip, country) = burst.pop().unwrap_or_else(|| {
            let kind = mix.draw(deck.draw(&mut rng), orders - number);
            if kind == Kind::CardTesting {
                burst = maker.card_test(&mut rng);
                burst.reverse();
                if let Some(first) = burst.pop() {
                    return first;
                }
            }
            maker.order(kind, &mut rng)
        });
        let twice = seconds.draw(&mut rng) < mix.duplicate;
        let key = (twice || number % 2 == 0).then(|| format!("{run}-{seed}-{number}"));
        let shot = Shot { due, kind, duplicate: false, key, body, ip, country };
        if twice {
            shots.push(Shot { due: due + SECOND_CLICK, duplicate: true, ..shot.clone() });
        }
        shots.push(shot);
    }
    shots.sort_by_key(|shot| shot.due);
    shots
}

/// The numbers below 100, shuffled again whenever all are drawn: so even a short run has its share of every kind.
#[derive(Default)]
struct Deck(Vec<u32>);

impl Deck {
    fn draw(&mut self, rng: &mut StdRng) -> u32 {
        if self.0.is_empty() {
            self.0 = (0..100).collect();
            self.0.shuffle(rng);
        }
        self.0.pop().unwrap_or_default()
    }
}

impl Mix {
    /// The kind a draw below 100 falls to. A card test begins only where all of it fits in; it is several orders, so it
    /// begins less often than its share.
    fn draw(&self, draw: u32, left: usize) -> Kind {
        let shares = [
            (self.repeat, Kind::Repeat),
            (self.guest, Kind::Guest),
            (self.declined, Kind::Declined),
            (self.scarce, Kind::Scarce),
            (self.new_account_abroad, Kind::NewAccountAbroad),
            (self.traveller, Kind::Traveller),
            (self.undeliverable, Kind::Undeliverable),
            (self.regretted, Kind::Regretted),
            (self.card_testing.div_ceil(orders::CARD_TEST as u32), Kind::CardTesting),
        ];
        let mut upto = 0;
        for (share, kind) in shares {
            upto += share;
            if draw < upto && (kind != Kind::CardTesting || left >= orders::CARD_TEST) {
                return kind;
            }
        }
        Kind::Ordinary
    }
}

#[cfg(test)]
mod tests;
