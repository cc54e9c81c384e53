//! A shop's orders as they might have been: customers with habits, thieves with plans, and labels that come late.
//!
//! All of it is invented. What a model learns here, and how well it does, are properties of this simulator and not of the
//! world: see `README.md`, "Limits".

mod basket;
mod customer;
mod draft;
mod fraud;
mod honest;
mod labels;
pub(crate) mod random;
mod stream;
mod world;

pub use labels::reported;
pub use random::Dice;
pub use stream::Simulation;

use jiff::Timestamp;
use orderflow::events::Order;
use serde::Serialize;

/// Microseconds since 1970 UTC at which every simulation begins: Monday, 6 January 2025.
pub const START: i64 = 1_736_121_600_000_000;
/// One day, in microseconds.
pub const DAY: i64 = 86_400_000_000;

/// One second and one minute, in days: what is planned is planned in days of the simulation.
const SECONDS: f64 = 1.0 / 86_400.0;
const MINUTES: f64 = 60.0 * SECONDS;

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Equal seeds, equal orders.
    pub seed: u64,
    /// How many days.
    pub days: u32,
    /// How many customers have an account; guests come on top.
    pub customers: u32,
}

/// One order, and what is known of it only here.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// As intake would have accepted it.
    pub order: Order,
    /// Which fraud it is; none where it is honest.
    pub fraud: Option<Scenario>,
    /// When the fraud is reported; none for honest orders and for fraud nobody ever reports.
    pub reported_at: Option<Timestamp>,
}

/// The kinds of fraud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Somebody in the customer's session spends far more than the customer ever does, for goods that sell again.
    Overspend,
    /// A batch of cards leaks from a merchant; each is used with care, close to its owner's habits, and reported weeks
    /// later.
    LeakedCards,
    /// A stolen card in a stranger's hands, as a guest or under a young account.
    StolenCard,
    /// Small charges that try out cards, then large ones.
    CardTesting,
    /// A customer's account in a stranger's hands.
    AccountTakeover,
    /// Several accounts made for the purpose, behind one device.
    NewAccountRing,
}

impl Scenario {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Overspend,
        Self::LeakedCards,
        Self::StolenCard,
        Self::CardTesting,
        Self::AccountTakeover,
        Self::NewAccountRing,
    ];

    /// Its stable name: in tables, reports and the model card.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overspend => "overspend",
            Self::LeakedCards => "leaked_cards",
            Self::StolenCard => "stolen_card",
            Self::CardTesting => "card_testing",
            Self::AccountTakeover => "account_takeover",
            Self::NewAccountRing => "new_account_ring",
        }
    }
}

#[cfg(test)]
mod tests;
