//! A stolen card: a stranger orders with it as a guest, or under an account made some time ago.

use rand::RngExt;

use super::{MINUTES, Scene, Thief};
use crate::simulate::{Scenario, draft::Who, random::around};

pub fn plan(scene: &mut Scene<'_>) {
    let Some(victim) = scene.victim() else { return };
    let mut thief = Thief::new(scene);
    // Some hide behind an address in the owner's country.
    if scene.dice.random_bool(0.35) {
        thief.place = victim.home;
    }
    let number = scene.numbers.fresh();
    let (who, age) = match scene.dice.random_bool(0.5) {
        true => (Who::Guest(number), 0.0),
        false => (Who::Account(number), scene.dice.random_range(0.0..60.0)),
    };
    let Some(card) = victim.cards.first().map(|card| (*card, victim.home)) else { return };
    let mut at = scene.time();
    for _ in 0..scene.dice.random_range(1..=4) {
        let amount = around(scene.dice, 24_000.0, 0.8);
        let draft = thief.draft(scene, who, age, card, amount);
        scene.add(at, draft, Scenario::StolenCard);
        at += scene.dice.random_range(5.0..900.0) * MINUTES;
    }
}
