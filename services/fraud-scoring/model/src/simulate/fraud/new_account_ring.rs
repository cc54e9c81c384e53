//! A ring of new accounts: several within an hour or two, each with a card of its own, behind one device.

use rand::RngExt;

use super::{MINUTES, Scene, Thief};
use crate::simulate::{Scenario, draft::Who, random::around, world::home};

pub fn plan(scene: &mut Scene<'_>) {
    let thief = Thief::new(scene);
    let begins = scene.time();
    // Most rings order much like others do; some go for the dear goods at once.
    let usual = if scene.dice.random_bool(0.3) { 130_000.0 } else { 18_000.0 };
    for _ in 0..scene.dice.random_range(2..=4) {
        let who = Who::Account(scene.numbers.fresh());
        let card = (scene.numbers.fresh(), home(scene.dice));
        let made = begins + scene.dice.random_range(0.0..60.0) * MINUTES;
        let mut at = made + scene.dice.random_range(1.0..120.0) * MINUTES;
        for _ in 0..scene.dice.random_range(1..=3) {
            let amount = around(scene.dice, usual, 0.6);
            let draft = thief.draft(scene, who, at - made, card, amount);
            scene.add(at, draft, Scenario::NewAccountRing);
            at += scene.dice.random_range(1.0..90.0) * MINUTES;
        }
    }
}
