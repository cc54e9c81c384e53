//! Card testing: small charges show which cards work, then those are emptied.

use rand::RngExt;

use super::{SECONDS, Scene, Thief};
use crate::simulate::{
    Scenario,
    draft::Who,
    random::{around, waiting},
};

pub fn plan(scene: &mut Scene<'_>) {
    let thief = Thief::new(scene);
    let mut at = scene.time();
    for _ in 0..scene.dice.random_range(2..=6) {
        let Some(victim) = scene.victim() else { return };
        let Some(card) = victim.cards.first().map(|card| (*card, victim.home)) else { return };
        let who = Who::Guest(scene.numbers.fresh());
        for _ in 0..scene.dice.random_range(3..=8) {
            at += (2.0 + waiting(scene.dice, 20.0)) * SECONDS;
            let amount = scene.dice.random_range(150.0..900.0);
            let draft = thief.draft(scene, who, 0.0, card, amount);
            scene.add(at, draft, Scenario::CardTesting);
        }
        for _ in 0..scene.dice.random_range(1..=2) {
            at += scene.dice.random_range(5.0..240.0) * SECONDS;
            let amount = around(scene.dice, 45_000.0, 0.6).max(12_000.0);
            let draft = thief.draft(scene, who, 0.0, card, amount);
            scene.add(at, draft, Scenario::CardTesting);
        }
    }
}
