//! The model that comes with this version.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::path::Path;

use fraud_model::features::Memory;
use fraud_model::simulate::{Settings, Simulation};
use fraud_scoring::vector;
use jiff::SignedDuration;
use orderflow_model::{
    Choice, Engines,
    drift::Bins,
    package::{Expected, Package},
};

fn shipped() -> Package {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shipped");
    let expected = Expected { name: "fraud", definition: vector::DEFINITION, features: &vector::names() };
    let engines = Engines::find(Choice::BuiltIn, None).unwrap();
    Package::open(&folder, &expected, &engines).unwrap()
}

#[test]
fn the_shipped_model_is_whole_and_made_for_this_versions_features() {
    let thresholds = shipped().manifest().thresholds.unwrap();
    assert!(thresholds.hold < thresholds.refuse);
}

#[test]
fn the_shipped_model_tells_fraud_from_honest_orders_it_has_never_seen() {
    let (package, mut memory) = (shipped(), Memory::default());
    let refuse = package.manifest().thresholds.unwrap().refuse;
    let (mut fraud, mut caught, mut honest, mut refused) = (0, 0, 0, 0);
    for placed in Simulation::new(Settings { seed: 9, days: 30, customers: 1_000 }) {
        let vector = memory.see(&placed.order).vector;
        let above = f64::from(package.score(&vector).unwrap()[0]) > refuse;
        let (all, flagged) = match placed.fraud {
            Some(_) => (&mut fraud, &mut caught),
            None => (&mut honest, &mut refused),
        };
        *all += 1;
        *flagged += usize::from(above);
    }
    assert!(caught * 3 > fraud, "{caught} of {fraud} frauds");
    assert!(refused * 500 < honest, "{refused} of {honest} honest orders");
}

/// Other customers of as large a shop: nothing has moved but what chance moves. (In a smaller one fewer share a network
/// address.)
#[test]
fn orders_like_those_of_training_do_not_drift_from_the_shipped_reference() {
    let (package, mut memory) = (shipped(), Memory::default());
    let reference = package.manifest().reference.clone().unwrap();
    let features = reference.features.iter().map(Bins::of_feature);
    let bins: Vec<Bins> = features.chain([Bins::of_score(&reference.score)]).collect();
    let mut counts: Vec<Vec<u64>> = bins.iter().map(|bins| vec![0; bins.len()]).collect();
    let simulation = Simulation::new(Settings { seed: 9, days: 30, customers: 14_000 });
    let mut first = None;
    for placed in simulation {
        let vector = memory.see(&placed.order).vector;
        let begun = *first.get_or_insert(placed.order.placed_at);
        // As in training, the first days only fill the histories.
        if placed.order.placed_at.duration_since(begun) < SignedDuration::from_hours(24 * 20) {
            continue;
        }
        let score = package.score(&vector).unwrap()[0];
        for ((bins, counts), value) in bins.iter().zip(&mut counts).zip(vector.into_iter().chain([score])) {
            counts[bins.place(value)] += 1;
        }
    }
    let names = vector::names().into_iter().chain(["score"]);
    let moved: Vec<(&str, f64)> = names
        .zip(bins.iter().zip(&counts))
        .map(|(name, (bins, counts))| (name, bins.distance(counts).psi))
        .collect();
    let drifting: Vec<_> = moved.iter().filter(|(_, psi)| *psi >= 0.25).collect();
    assert!(drifting.is_empty(), "{drifting:?}");
}
