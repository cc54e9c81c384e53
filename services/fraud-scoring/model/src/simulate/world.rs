//! What all orders share: countries, network addresses behind which many sit, places where parcels are picked up, and the
//! numbers by which things are told apart.

use rand::RngExt;

use super::random::{Dice, pick};

/// A country of the shop's market, or of its thieves.
#[derive(Debug, Clone, Copy)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// ISO 4217 code of what is paid there.
    pub currency: &'static str,
    /// Hours its clocks are ahead of UTC.
    pub ahead: f64,
    /// Share of the customers who live there.
    honest: f64,
    /// Share of the thieves who order from there.
    thieves: f64,
}

const fn country(
    code: &'static str,
    currency: &'static str,
    ahead: f64,
    honest: f64,
    thieves: f64,
) -> Country {
    Country { code, currency, ahead, honest, thieves }
}

/// Those there are.
pub const COUNTRIES: [Country; 12] = [
    country("DE", "EUR", 1.0, 0.26, 0.14),
    country("GB", "GBP", 0.0, 0.18, 0.10),
    country("FR", "EUR", 1.0, 0.13, 0.08),
    country("US", "USD", -5.0, 0.10, 0.15),
    country("IT", "EUR", 1.0, 0.08, 0.06),
    country("ES", "EUR", 1.0, 0.07, 0.06),
    country("NL", "EUR", 1.0, 0.06, 0.08),
    country("AT", "EUR", 1.0, 0.05, 0.02),
    country("PL", "EUR", 1.0, 0.03, 0.08),
    country("BR", "USD", -3.0, 0.02, 0.09),
    country("IN", "USD", 5.5, 0.01, 0.07),
    country("RO", "EUR", 2.0, 0.01, 0.07),
];

/// A country, by its place in [`COUNTRIES`].
pub type Place = usize;

/// Network addresses of mobile carriers in each country, each shared by many.
const CARRIER_ADDRESSES: u64 = 40;
/// Places in each country where strangers' parcels wait side by side.
const PICK_UP_POINTS: u64 = 60;

/// Where an honest customer lives.
pub fn home(dice: &mut Dice) -> Place {
    pick(dice, &COUNTRIES.map(|country| country.honest))
}

/// Where a thief sits.
pub fn hideout(dice: &mut Dice) -> Place {
    pick(dice, &COUNTRIES.map(|country| country.thieves))
}

/// A network address of a mobile carrier.
pub fn carrier_address(dice: &mut Dice, place: Place) -> u64 {
    place as u64 * CARRIER_ADDRESSES + dice.random_range(0..CARRIER_ADDRESSES)
}

/// An address where parcels are picked up.
pub fn pick_up_point(dice: &mut Dice, place: Place) -> u64 {
    place as u64 * PICK_UP_POINTS + dice.random_range(0..PICK_UP_POINTS)
}

/// Numbers for cards, devices, addresses and so on. Behind those every country shares.
#[derive(Debug)]
pub struct Numbers(u64);

impl Default for Numbers {
    fn default() -> Self {
        Self(COUNTRIES.len() as u64 * CARRIER_ADDRESSES.max(PICK_UP_POINTS))
    }
}

impl Numbers {
    /// One that nothing else has.
    pub fn fresh(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}
