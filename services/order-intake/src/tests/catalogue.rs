//! The catalogue's file.

use std::collections::HashSet;

use super::fixture::{Recorder, demo_catalogue};
use crate::{catalogue_file::parse, seeds};

#[test]
fn the_demo_catalogue_sells_sixty_products_in_two_currencies() {
    let catalogue = demo_catalogue();
    assert!(catalogue.products().len() >= 60);
    for product in catalogue.products() {
        assert!(product.prices.contains_key("EUR") && product.prices.contains_key("GBP"), "{}", product.sku);
    }
    assert_eq!(catalogue.currencies().collect::<Vec<_>>(), ["EUR", "GBP"]);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let file = "
version: ''
published_at: yesterday
products:
  - { sku: lower, name: A, prices: { EUR: 100 } }
  - { sku: A, name: A, prices: { euro: 0 } }
  - { sku: A, name: B, prices: {}, stock: -1, weight_grams: 0 }
  - { sku: C, name: C, prices: { EUR: cheap } }
  - { sku: D, prices: { EUR: 1 } }
  - { sku: E, name: E, prices: { EUR: 1 }, colour: red }
";
    let mistakes = parse(file).unwrap_err().join("\n");
    for expected in [
        "version:",
        "published_at:",
        "product 1 (lower): sku",
        "product 2 (A): prices: currencies",
        "product 2 (A): prices: 1 to",
        "product 3 (A): prices: at least",
        "product 3 (A): stock",
        "product 3 (A): weight",
        "product 3 (A): the SKU is there twice",
        "product 4:",
        "product 5: missing field `name`",
        "product 6: unknown field `colour`",
    ] {
        assert!(mistakes.contains(expected), "{expected} in:\n{mistakes}");
    }
}

#[tokio::test]
async fn seeding_twice_publishes_the_same_events() {
    let (log, catalogue) = (Recorder::default(), demo_catalogue());
    let count = seeds::seed(&catalogue, &log).await.unwrap();
    assert_eq!(seeds::seed(&catalogue, &log).await.unwrap(), count);
    let ids: HashSet<_> = log.sent().iter().map(|sent| sent.id).collect();
    assert_eq!((ids.len(), log.sent().len()), (count, 2 * count));
    let adjustments = log.adjustments();
    assert_eq!(adjustments[..count], adjustments[count..]);
}
