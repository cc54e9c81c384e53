//! What is bought: a catalogue by kind of goods, and baskets that come near an amount.

use orderflow::events::Line;
use rand::RngExt;

use super::random::{Dice, pick};

/// A kind of goods.
#[derive(Debug)]
struct Kind {
    name: &'static str,
    /// Prices run from here …
    from: f64,
    /// … to here, evenly on a logarithmic scale, in minor units.
    to: f64,
    /// How much of it customers want, against other kinds.
    wanted: f64,
    /// The same of thieves: what sells again without questions.
    fenced: f64,
}

const KINDS: [Kind; 8] = [
    Kind { name: "food", from: 150.0, to: 3_000.0, wanted: 0.22, fenced: 0.01 },
    Kind { name: "book", from: 400.0, to: 5_000.0, wanted: 0.14, fenced: 0.02 },
    Kind { name: "game", from: 200.0, to: 9_000.0, wanted: 0.10, fenced: 0.10 },
    Kind { name: "wear", from: 1_200.0, to: 18_000.0, wanted: 0.20, fenced: 0.10 },
    Kind { name: "home", from: 800.0, to: 40_000.0, wanted: 0.17, fenced: 0.04 },
    Kind { name: "gift", from: 1_000.0, to: 25_000.0, wanted: 0.05, fenced: 0.25 },
    Kind { name: "tech", from: 2_000.0, to: 180_000.0, wanted: 0.10, fenced: 0.36 },
    Kind { name: "gold", from: 5_000.0, to: 300_000.0, wanted: 0.02, fenced: 0.12 },
];
/// Products of each kind.
const PRODUCTS: usize = 60;
/// Kinds a customer likes.
const LIKED: usize = 3;

/// Which kinds somebody buys, by weight.
#[derive(Debug, Clone, Copy)]
pub struct Taste([f64; KINDS.len()]);

impl Taste {
    /// A customer's: mostly three kinds.
    pub fn customer(dice: &mut Dice) -> Self {
        let mut weights = KINDS.each_ref().map(|kind| kind.wanted * 0.15);
        for _ in 0..LIKED {
            let liked = pick(dice, &KINDS.each_ref().map(|kind| kind.wanted));
            weights[liked] += KINDS[liked].wanted;
        }
        Self(weights)
    }

    /// A thief's: what sells again.
    pub fn thief() -> Self {
        Self(KINDS.each_ref().map(|kind| kind.fenced))
    }
}

/// Lines that together cost about `target` minor units; at least one, never more than `most` of one product.
pub fn basket(dice: &mut Dice, taste: &Taste, target: f64, lines: u32, most: i32) -> Vec<Line> {
    let share = target / f64::from(lines.max(1));
    let mut basket: Vec<Line> = Vec::new();
    for _ in 0..lines.max(1) {
        let line = line(dice, taste, share, most);
        // Intake takes a product once.
        if basket.iter().all(|other| other.sku != line.sku) {
            basket.push(line);
        }
    }
    basket
}

fn line(dice: &mut Dice, taste: &Taste, share: f64, most: i32) -> Line {
    // Kinds whose cheapest product is dearer than the share are left alone, but for the cheapest kind of all.
    let weights: Vec<f64> = KINDS
        .iter()
        .zip(taste.0)
        .map(|(kind, weight)| if kind.from <= share { weight } else { weight * 1e-6 })
        .collect();
    let kind = &KINDS[pick(dice, &weights)];
    let affordable = (0..PRODUCTS).take_while(|product| price(kind, *product) as f64 <= share).count().max(1);
    // Rather one dear product than many cheap ones.
    let product = dice.random_range(affordable / 2..affordable);
    let unit_price = price(kind, product);
    let quantity = (share / unit_price as f64).round().clamp(1.0, f64::from(most)) as i32;
    Line { sku: format!("{}-{product:02}", kind.name), quantity, unit_price }
}

/// What a product costs, minor units; the higher its number the more.
fn price(kind: &Kind, product: usize) -> i64 {
    let along = product as f64 / (PRODUCTS - 1) as f64;
    (kind.from * (kind.to / kind.from).powf(along)).round() as i64
}
