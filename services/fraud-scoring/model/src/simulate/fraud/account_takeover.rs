//! Account takeover: the customer's account and card, a stranger's device, network address and, mostly, door.

use rand::RngExt;

use super::{MINUTES, Scene, Thief};
use crate::simulate::{Scenario, draft::Who};

pub fn plan(scene: &mut Scene<'_>) {
    let Some(victim) = scene.victim() else { return };
    let mut thief = Thief::new(scene);
    if scene.dice.random_bool(0.3) {
        thief.place = victim.home;
    }
    if scene.dice.random_bool(0.4) {
        thief.drop_place = victim.home;
    }
    let Some(card) = victim.cards.first().map(|card| (*card, victim.home)) else { return };
    let mut at = scene.time();
    for _ in 0..scene.dice.random_range(1..=4) {
        let amount = victim.amount * scene.dice.random_range(1.5..6.0) + 3_000.0;
        let age = at - victim.since;
        let mut draft = thief.draft(scene, Who::Account(victim.number), age, card, amount);
        if scene.dice.random_bool(0.15) {
            draft.address = victim.addresses.first().copied().unwrap_or(draft.address);
            draft.delivery = victim.home;
        }
        scene.add(at, draft, Scenario::AccountTakeover);
        at += scene.dice.random_range(1.0..25.0) * MINUTES;
    }
}
