//! The scripts and their twin in Rust learn the same, to the last bit.

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use recommendation::{
    lesson::{Deed, Lesson},
    memory::Memory,
};
use uuid::Uuid;

use crate::support::{EVERY, HOUR, associations, at, decay};
use orderflow_testkit::{RedisServer, block_on};

const CUSTOMERS: usize = 4;

/// Deeds of a few customers with so many products, in no order of time; some events come twice.
fn lessons(products: usize, most: usize) -> impl Strategy<Value = Vec<Lesson>> {
    let skus = proptest::sample::subsequence((0..products).collect::<Vec<_>>(), 0..=most.min(products))
        .prop_shuffle();
    let one = (0..CUSTOMERS, -48 * HOUR..HOUR, 0..3usize, skus, 0u128..60);
    vec(one, 1..60).prop_map(|all| {
        let mut known = std::collections::HashMap::new();
        let lesson = |(customer, us, deed, skus, event): (usize, i64, usize, Vec<usize>, u128)| {
            let deed = [Deed::Ordered, Deed::Viewed, Deed::Cart][deed];
            let skus = skus.into_iter().take(if deed == Deed::Viewed { 1 } else { usize::MAX });
            Lesson {
                event: Uuid::from_u128(event),
                customer: format!("customer {customer}"),
                at: at(us),
                deed,
                skus: skus.map(|number| format!("SKU-{number}")).collect(),
            }
        };
        // An event has one content.
        all.into_iter()
            .map(lesson)
            .map(|lesson| known.entry(lesson.event).or_insert(lesson).clone())
            .collect()
    })
}

fn agree(server: &RedisServer, cases: u32, lessons: impl Strategy<Value = Vec<Lesson>>) {
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let run = |(lessons, size): (Vec<Lesson>, usize)| block_on(compare(server, &lessons, size));
    runner.run(&(lessons, 1usize..30), run).unwrap();
}

async fn compare(server: &RedisServer, lessons: &[Lesson], size: usize) -> Result<(), TestCaseError> {
    let associations = associations(&server.fresh().await);
    let mut memory = Memory::new(decay(), EVERY);
    for batch in lessons.chunks(size) {
        let (learnt, relations) = associations.learn(batch, |_| 60).await.unwrap();
        let due: Vec<bool> = batch.iter().map(|lesson| memory.learn(lesson)).collect();
        let mut clues = Vec::new();
        for ((lesson, learnt), due) in batch.iter().zip(&learnt).zip(due) {
            prop_assert_eq!((&learnt.said, learnt.due), (&None, due));
            let context = if due { memory.context(&lesson.customer) } else { Default::default() };
            prop_assert_eq!(&learnt.context, &context);
            clues.extend(context.clues.into_iter().map(|clue| clue.sku));
        }
        prop_assert_eq!(relations, memory.relations(clues.iter().map(String::as_str)));
    }
    for customer in (0..CUSTOMERS).map(|number| format!("customer {number}")) {
        let (context, relations) = associations.of_customer(&customer).await.unwrap();
        prop_assert_eq!(&context, &memory.context(&customer));
        let clues = context.clues.iter().map(|clue| clue.sku.as_str());
        prop_assert_eq!(relations, memory.relations(clues));
    }
    let relations = associations.of_product("SKU-0").await.unwrap();
    prop_assert_eq!(relations, memory.relations(["SKU-0"]));
    Ok(())
}

#[test]
fn redis_and_the_twin_learn_the_same_of_a_few_products() {
    let Some(server) = RedisServer::start() else { return };
    agree(&server, 96, lessons(8, 4));
}

#[test]
fn redis_and_the_twin_forget_the_same_of_many_products() {
    let Some(server) = RedisServer::start() else { return };
    agree(&server, 24, lessons(300, 120));
}
