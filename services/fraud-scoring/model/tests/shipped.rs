//! The model that comes with this version.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::path::Path;

use fraud_model::features::Memory;
use fraud_model::simulate::{Settings, Simulation};
use fraud_scoring::vector;
use orderflow_model::{
    Choice, Engines,
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
