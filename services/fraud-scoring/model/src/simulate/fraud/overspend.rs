//! Overspend: in the customer's own session, far above what the customer ever spends.

use rand::RngExt;

use super::{MINUTES, Scene};
use crate::simulate::{
    Scenario,
    basket::{Taste, basket},
};

pub fn plan(scene: &mut Scene<'_>) {
    let Some(victim) = scene.victim() else { return };
    let mut at = scene.time();
    let drop = scene.numbers.fresh();
    for _ in 0..scene.dice.random_range(1..=4) {
        let amount = (victim.amount * scene.dice.random_range(5.0..18.0)).max(25_000.0);
        let mut draft = victim.draft(scene.dice, amount, at);
        draft.lines = basket(scene.dice, &Taste::thief(), amount, 1, 4);
        draft.express = scene.dice.random_bool(0.6);
        if scene.dice.random_bool(0.7) {
            draft.address = drop;
        }
        scene.add(at, draft, Scenario::Overspend);
        at += scene.dice.random_range(3.0..90.0) * MINUTES;
    }
}
