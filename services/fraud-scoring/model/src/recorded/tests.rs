use super::*;
use crate::simulate::{Settings, Simulation};

/// Orders of a simulation, all charged; their fraud was reported by a bank.
fn decided() -> Vec<Decided> {
    let mut memory = Memory::default();
    let placed = Simulation::new(Settings { seed: 3, days: 30, customers: 1_500 });
    let decided = placed.map(|placed| Decided {
        vector: memory.see(&placed.order).vector,
        refused: false,
        charged: true,
        label: placed.fraud.map(|_| label(true)),
        order: Arc::new(placed.order),
    });
    decided.collect()
}

fn label(fraud: bool) -> Label {
    Label { fraud, source: "chargeback".into(), at: Timestamp::UNIX_EPOCH }
}

/// Long after the last of them.
fn wanted() -> Wanted {
    let as_of = "2026-01-01T00:00:00Z".parse().unwrap();
    Wanted { as_of, maturity: SignedDuration::from_hours(24 * 45), from: None, until: None, small: 1_000 }
}

#[test]
fn a_table_of_the_log_holds_the_vectors_that_decided_and_says_where_they_are_from() {
    let (folder, mut decided) = (tempfile::tempdir().unwrap(), decided());
    decided[7].vector[0] = 12.5;
    let source = write(folder.path(), &decided, &wanted(), 3).unwrap();
    assert_eq!((source.orders, source.decisions, source.made_again), (decided.len(), decided.len(), 3));
    assert_eq!(source.labels["chargeback"].fraud, decided.iter().filter(|one| is_fraud(one)).count());
    let text = std::fs::read(folder.path().join("table.json")).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&header["data"], &header["rows"]), (&"topics".into(), &decided.len().into()));
    // What only a simulation knows is not there.
    assert!(header.get("settings").is_none() && header.get("scenarios").is_none());
    let times: Vec<i64> = ["start", "train", "validation", "gap", "test", "end"]
        .map(|name| header["split"][name].as_i64().unwrap())
        .to_vec();
    assert!(times.is_sorted() && times[0] == placed(&decided[0]), "{times:?}");
    let rows = std::fs::read(folder.path().join("rows.bin")).unwrap();
    let length = rows.len() / decided.len();
    let first = rows.chunks(length).map(|row| f32::from_le_bytes(row[31..35].try_into().unwrap()));
    decided.sort_by_key(|one| (placed(one), one.order.order_id));
    let expected = decided.iter().map(|one| one.vector[0].to_bits());
    assert!(first.map(f32::to_bits).eq(expected), "the vector that decided, not one made again");
}

#[test]
fn only_what_a_bank_could_have_reported_is_honest_without_a_label() {
    let one = decided().remove(0);
    let left_out = |change: &dyn Fn(&mut Decided, &mut Wanted)| {
        let (mut one, mut wanted) = (one.clone(), wanted());
        one.label = None;
        change(&mut one, &mut wanted);
        wanted.leaves_out(&one)
    };
    let at = one.order.placed_at;
    let day = SignedDuration::from_hours(24);
    assert_eq!(left_out(&|_, _| {}), None);
    assert_eq!(left_out(&|one, _| one.refused = true), Some("refused"));
    assert_eq!(left_out(&|one, _| one.charged = false), Some("not_charged"));
    assert_eq!(left_out(&|one, _| (one.charged, one.label) = (false, Some(label(false)))), None);
    assert_eq!(left_out(&|one, _| (one.refused, one.label) = (true, Some(label(true)))), None);
    assert_eq!(left_out(&|_, wanted| wanted.as_of = at + day), Some("too_young"));
    assert_eq!(
        left_out(&|one, wanted| (one.label, wanted.as_of) = (Some(label(true)), at + day)),
        Some("too_young")
    );
    assert_eq!(left_out(&|_, wanted| wanted.as_of = at + wanted.maturity), None);
    assert_eq!(left_out(&|_, wanted| wanted.from = Some(at + day)), Some("not_in_range"));
    assert_eq!(left_out(&|_, wanted| wanted.until = Some(at)), Some("not_in_range"));
}

#[test]
fn too_few_labelled_frauds_are_counted_and_told() {
    let (folder, mut decided) = (tempfile::tempdir().unwrap(), decided());
    decided.iter_mut().filter(|one| is_fraud(one)).skip(12).for_each(|one| one.label = Some(label(false)));
    let error = write(folder.path(), &decided, &wanted(), 0).unwrap_err().to_string();
    assert!(error.contains("0 labelled frauds in the test window, 8 are needed"), "{error}");
    assert!(error.contains("labelled frauds in the training window, 30 are needed"), "{error}");
    let nothing = Wanted { until: Some(Timestamp::UNIX_EPOCH), ..wanted() };
    let error = write(folder.path(), &decided, &nothing, 0).unwrap_err().to_string();
    assert_eq!(error, format!("none of {0} decided orders can train: {0} not_in_range", decided.len()));
    let error = write(folder.path(), &[], &wanted(), 0).unwrap_err().to_string();
    assert_eq!(error, "none of 0 decided orders can train: there are none");
}
