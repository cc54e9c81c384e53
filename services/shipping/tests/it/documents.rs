//! Printing labels and booking pickups.

use std::{collections::BTreeMap, path::Path};

use jiff::SignedDuration;
use orderflow::{fault::Consequence, step::Step};
use shipping::{DispatchEvent, fold};

use crate::setup::{Bench, OnCatchUp, told};

/// Every document in the store, by path.
fn documents(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    let root = bench.folder.path().join("labels");
    walk(&root, &root, &mut found);
    found
}

#[tokio::test]
async fn documents_are_stored_and_the_pickup_is_booked_and_a_repeat_tells_the_same() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way"))];
    let first = told(bench.print().handle(&batch).await);
    let Ok([DispatchEvent::LabelDocumentStored(stored), DispatchEvent::PickupScheduled(pickup)]) =
        first[0].as_deref()
    else {
        panic!("{first:?}")
    };
    let documents = documents(&bench);
    assert_eq!(documents.keys().collect::<Vec<_>>(), [&stored.pdf_path, &stored.zpl_path]);
    assert!(documents[&stored.pdf_path].starts_with(b"%PDF-"));
    assert!(documents[&stored.zpl_path].starts_with(b"^XA"));
    assert!(pickup.window_start.duration_since(batch[0].event.generated_at) >= SignedDuration::from_mins(60));
    bench.clock.set_offset(SignedDuration::from_hours(30));
    bench.faults(r#"{"error_rate": 1.0}"#).await;
    assert_eq!(told(bench.print().handle(&batch).await), first, "also much later, with the carrier down");
}

#[tokio::test]
async fn rendering_again_gives_the_same_bytes() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way"))];
    bench.print().handle(&batch).await.unwrap();
    let first = documents(&bench);
    let () = redis::cmd("FLUSHALL").query_async(&mut bench.state.redis()).await.unwrap();
    bench.state.initialise("cluster").await.unwrap();
    bench.clock.set_offset(SignedDuration::from_hours(30));
    bench.print().handle(&batch).await.unwrap();
    assert_eq!(documents(&bench), first);
}

#[tokio::test]
async fn parcels_of_one_window_share_a_pickup() {
    let Some(bench) = Bench::start().await else { return };
    let batch: Vec<_> = (0..5).map(|n| bench.labelled(bench.order(&format!("c{n}"), "1 Way"))).collect();
    let told = told(bench.print().handle(&batch).await);
    let pickups = told.iter().map(|verdict| match verdict.as_deref() {
        Ok([_, DispatchEvent::PickupScheduled(pickup)]) => pickup.pickup_id.as_str(),
        other => panic!("{other:?}"),
    });
    let mut pickups: Vec<_> = pickups.collect();
    pickups.dedup();
    assert_eq!((pickups.len(), bench.ledger().1), (1, 1));
    assert_eq!(documents(&bench).len(), 10);
}

#[tokio::test]
async fn a_booked_window_takes_more_parcels_without_another_call() {
    let Some(bench) = Bench::start().await else { return };
    let print = bench.print();
    assert!(told(print.handle(&[bench.labelled(bench.order("c1", "1 Way"))]).await)[0].is_ok());
    bench.faults(r#"{"error_rate": 1.0}"#).await;
    assert!(told(print.handle(&[bench.labelled(bench.order("c2", "2 Way"))]).await)[0].is_ok());
    bench.clock.set_offset(SignedDuration::from_hours(30));
    let next_day = told(print.handle(&[bench.labelled(bench.order("c3", "3 Way"))]).await);
    assert_eq!(next_day, [Err("carrier_unavailable")]);
}

#[tokio::test]
async fn a_late_label_is_fetched_in_the_future() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way"))];
    bench.clock.set_offset(SignedDuration::from_hours(72));
    let told = told(bench.print().handle(&batch).await);
    let Ok([_, DispatchEvent::PickupScheduled(pickup)]) = told[0].as_deref() else { panic!("{told:?}") };
    assert!(pickup.window_start > bench.clock.now());
}

#[tokio::test]
async fn a_carrier_outage_passes_and_what_was_stored_stays() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way")), bench.labelled(bench.order("c2", "2 Way"))];
    bench.faults(r#"{"error_rate": 1.0}"#).await;
    assert_eq!(
        told(bench.print().handle(&batch).await),
        [Err("carrier_unavailable"), Err("carrier_unavailable")]
    );
    bench.faults("{}").await;
    assert!(told(bench.print().handle(&batch).await).iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_label_nobody_can_address_any_more_is_a_dead_letter_and_takes_no_neighbour() {
    let Some(bench) = Bench::start().await else { return };
    let gone = bench.labelled(bench.order("c1", "1 Way"));
    bench.keys.erase_all();
    let batch = [gone, bench.labelled(bench.order("c2", "2 Way"))];
    let verdicts = bench.print().handle(&batch).await.unwrap();
    assert_eq!(verdicts[0].as_ref().unwrap_err().consequence(), Consequence::Poison);
    assert!(verdicts[1].is_ok());
}

#[tokio::test]
async fn what_the_log_says_holds_even_when_it_is_half() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way"))];
    let first = told(bench.print().handle(&batch).await);
    let Ok([DispatchEvent::LabelDocumentStored(stored), DispatchEvent::PickupScheduled(pickup)]) =
        first[0].as_deref()
    else {
        panic!("{first:?}")
    };
    let () = redis::cmd("FLUSHALL").query_async(&mut bench.state.redis()).await.unwrap();
    bench.state.initialise("cluster").await.unwrap();
    bench.clock.set_offset(SignedDuration::from_hours(30));
    fold::restore(&bench.state, &[], &[fold::scheduled(pickup.clone())]).await.unwrap();
    let second = told(bench.print().handle(&batch).await);
    let Ok([DispatchEvent::LabelDocumentStored(again), DispatchEvent::PickupScheduled(same)]) =
        second[0].as_deref()
    else {
        panic!("{second:?}")
    };
    assert_eq!(same, pickup, "the pickup on the log is the one");
    assert!(again.stored_at > stored.stored_at, "the other half is done anew");
}

#[tokio::test]
async fn a_document_stored_just_after_an_erasure_is_deleted_again() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way")), bench.labelled(bench.order("c2", "2 Way"))];
    // The key was there when the label was rendered; its tombstone, and the deletion, came before the store was done.
    bench.keys.on_catch_up(OnCatchUp::EraseAll);
    for _ in 0..2 {
        assert_eq!(told(bench.print().handle(&batch).await), [Err("person_erased"), Err("person_erased")]);
        assert!(documents(&bench).is_empty());
    }
    bench.keys.on_catch_up(OnCatchUp::Nothing);
    let other = [bench.labelled(bench.order("c3", "3 Way"))];
    assert!(told(bench.print().handle(&other).await)[0].is_ok());
    assert_eq!(documents(&bench).len(), 2);
}

#[tokio::test]
async fn a_document_is_not_told_of_before_it_is_known_to_last() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way"))];
    bench.keys.on_catch_up(OnCatchUp::Fail);
    assert_eq!(told(bench.print().handle(&batch).await), [Err("keys_behind")]);
    // Erased before the next attempt: what the first one stored goes.
    assert_eq!(documents(&bench).len(), 2);
    bench.keys.erase_all();
    assert_eq!(told(bench.print().handle(&batch).await), [Err("person_erased")]);
    assert!(documents(&bench).is_empty());
}

#[tokio::test]
async fn a_repeat_tells_of_papers_also_after_their_person_was_erased() {
    let Some(bench) = Bench::start().await else { return };
    let batch = [bench.labelled(bench.order("c1", "1 Way"))];
    let first = told(bench.print().handle(&batch).await);
    bench.keys.erase_all();
    bench.keys.on_catch_up(OnCatchUp::Fail);
    assert_eq!(
        told(bench.print().handle(&batch).await),
        first,
        "nothing is stored, so nothing has to be looked at"
    );
}
