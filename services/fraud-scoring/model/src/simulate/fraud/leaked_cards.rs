//! Leaked cards: a merchant loses its customers' cards; whoever buys the list uses each with care for four weeks.

use rand::RngExt;

use super::Scene;
use crate::simulate::{
    Scenario,
    world::{carrier_address, pick_up_point},
};

/// How long a leak is used, in days.
const USED: f64 = 28.0;

pub fn plan(scene: &mut Scene<'_>) {
    for _ in 0..scene.dice.random_range(30..=60) {
        let Some(victim) = scene.victim() else { return };
        for _ in 0..scene.dice.random_range(1..=3) {
            let at = scene.day + scene.dice.random_range(0.0..USED);
            // Near enough to the owner's habits that no alarm goes off.
            let amount = victim.usual(scene.dice) * scene.dice.random_range(0.9..1.5);
            let mut draft = victim.draft(scene.dice, amount, at);
            if scene.dice.random_bool(0.4) {
                draft.address = pick_up_point(scene.dice, victim.home);
            }
            (draft.ip, draft.caller) = (Some(carrier_address(scene.dice, victim.home)), victim.home);
            if scene.dice.random_bool(0.12) {
                draft.device = Some(scene.numbers.fresh());
            }
            scene.add(at, draft, Scenario::LeakedCards);
        }
    }
}
