//! What is learnt anew in another order of events, as a rebuild does, leads to the same recommendations.

use proptest::{prelude::*, test_runner::TestRunner};
use recommendation::{lesson::Deed, memory::Memory, ranking::rank};

use crate::support::{EVERY, HOUR, SECOND, decay, lesson};

/// Orders first, then activity: so the topics are read.
fn topic_of(deed: Deed) -> usize {
    usize::from(deed != Deed::Ordered)
}

#[test]
fn a_rebuild_recommends_the_same_while_no_list_of_neighbours_is_full() {
    let deed = prop_oneof![Just(Deed::Ordered), Just(Deed::Viewed), Just(Deed::Cart)];
    let one =
        (0..3usize, 0..40usize, deed, proptest::sample::subsequence((0..30).collect::<Vec<i32>>(), 1..5));
    let runner = &mut TestRunner::new(ProptestConfig { cases: 200, ..ProptestConfig::default() });
    runner
        .run(&prop::collection::vec(one, 1..60), |deeds| {
            let lessons: Vec<_> = (0..)
                .zip(&deeds)
                .map(|(number, (customer, _, deed, skus))| {
                    let skus: Vec<String> = skus.iter().map(|sku| format!("SKU-{sku}")).collect();
                    let skus: Vec<&str> = skus.iter().map(String::as_str).collect();
                    let skus = if *deed == Deed::Viewed { &skus[..1] } else { &skus };
                    let us = i64::try_from(number).unwrap() * 100 * SECOND;
                    lesson(number, &format!("c{customer}"), us, *deed, skus)
                })
                .collect();
            let (mut live, mut rebuilt) = (Memory::new(decay(), EVERY), Memory::new(decay(), EVERY));
            for lesson in &lessons {
                live.learn(lesson);
            }
            // Partition by partition: customers apart, each in the sequence of the events.
            let mut again: Vec<_> = lessons.iter().collect();
            again.sort_by_key(|lesson| (topic_of(lesson.deed), lesson.customer.clone(), lesson.at));
            for lesson in again {
                rebuilt.learn(lesson);
            }
            for customer in ["c0", "c1", "c2"] {
                let unit = live.unit(crate::support::at(HOUR));
                let [before, after] = [&live, &rebuilt].map(|memory| {
                    let context = memory.context(customer);
                    let relations = memory.relations(context.clues.iter().map(|clue| clue.sku.as_str()));
                    (rank(&context, &relations, unit, 10), context)
                });
                prop_assert_eq!(&before.1, &after.1);
                let close =
                    before.0.items.iter().zip(&after.0.items).all(|(a, b)| (a.score - b.score).abs() < 1e-9);
                prop_assert!(
                    close && before.0.items.len() == after.0.items.len(),
                    "{:?} {:?}",
                    before.0,
                    after.0
                );
            }
            Ok(())
        })
        .unwrap();
}
