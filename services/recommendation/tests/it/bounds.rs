//! State stays bounded, and every key has an end.

use recommendation::{
    lesson::Deed,
    limits::{CLUES, NEIGHBOURS, OWNED, RECENT},
};
use redis::AsyncCommands;

use crate::support::{HOUR, SECOND, associations, lesson};
use orderflow_testkit::RedisServer;

#[tokio::test]
async fn whatever_happens_a_key_stays_bounded_and_ends() {
    let Some(server) = RedisServer::start() else { return };
    let mut redis = server.connect().await;
    let state = server.fresh().await;
    let associations = associations(&state);
    let names: Vec<String> = (0..600).map(|number| format!("SKU-{number}")).collect();
    for (number, skus) in (0..).zip(names.chunks(60)) {
        let mut skus: Vec<&str> = skus.iter().map(String::as_str).collect();
        skus.insert(0, "MUG");
        let us = i64::try_from(number).unwrap() * HOUR;
        let mut lessons = vec![
            lesson(1_000 + number, "ada", us, Deed::Ordered, &skus),
            lesson(2_000 + number, "ada", us, Deed::Cart, &skus),
        ];
        lessons.extend((0..).zip(&skus).map(|(place, sku)| {
            let event = 10_000 + number * 100 + place;
            lesson(event, "ada", us + i64::try_from(place).unwrap() * SECOND, Deed::Viewed, &[sku])
        }));
        associations.learn(&lessons, |lesson| lesson.deed.remembered()).await.unwrap();
    }
    let sets = [("bought:", OWNED), ("viewed:", RECENT)];
    let keys: Vec<String> = redis.keys(state.key("*")).await.unwrap();
    let mut full = std::collections::BTreeSet::new();
    for key in &keys {
        let name = key.strip_prefix(&state.key("")).unwrap();
        if !["cluster", "half_life"].contains(&name) {
            assert!(redis.ttl::<_, i64>(key).await.unwrap() > 0, "{name} has no end");
        }
        if let Some((kind, most)) = sets.iter().find(|(kind, _)| name.starts_with(kind)) {
            let members: usize = redis.zcard(key).await.unwrap();
            assert!(members <= *most, "{name} has {members}");
            full.extend((members == *most).then_some(*kind));
        }
    }
    assert_eq!(full.len(), sets.len(), "some kind was never full: the test proves nothing");
    let relations = associations.of_product("MUG").await.unwrap();
    for row in [&relations.bought["MUG"], &relations.viewed["MUG"]] {
        assert!((NEIGHBOURS..=NEIGHBOURS * 3 / 2).contains(&row.len()), "MUG has {} neighbours", row.len());
    }
    let (context, _) = associations.of_customer("ada").await.unwrap();
    assert_eq!(context.clues.len(), CLUES);
}
