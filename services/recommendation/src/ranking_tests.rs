use proptest::{collection::vec, prelude::*};

use super::*;

fn weighed(pairs: &[(&str, f64)]) -> Weighed {
    pairs.iter().map(|(sku, weight)| ((*sku).to_owned(), *weight)).collect()
}

fn clue(kind: Kind, sku: &str) -> Clue {
    Clue { kind, sku: sku.to_owned() }
}

fn relations() -> Relations {
    Relations {
        bought: [("MUG".to_owned(), weighed(&[("TEA", 4.0), ("LAMP", 4.0)]))].into(),
        viewed: [("MUG".to_owned(), weighed(&[("TEA", 1.0), ("KETTLE", 9.0)]))].into(),
        orders: weighed(&[("MUG", 16.0), ("TEA", 9.0), ("LAMP", 400.0)]),
        views: weighed(&[("MUG", 16.0), ("KETTLE", 16.0), ("TEA", 16.0)]),
        popular: ["LAMP", "MUG", "TEA"].map(String::from).into(),
    }
}

#[test]
fn similarity_is_the_shrunk_cosine_of_the_stronger_relation() {
    let items = related("MUG", &relations(), 1.0, 10);
    let told: Vec<(&str, &str)> =
        items.iter().map(|item| (item.sku.as_str(), item.reason.as_str())).collect();
    let expected = [("KETTLE", "viewed_together"), ("TEA", "bought_together"), ("LAMP", "bought_together")];
    assert_eq!(told, expected);
    let scores = [9.0 / (16.0 + 5.0), 4.0 / (12.0 + 5.0), 4.0 / (80.0 + 5.0)];
    for (item, score) in items.iter().zip(scores) {
        assert!((item.score - score).abs() <= 0.00005, "{item:?}");
        assert_eq!(item.because_of.as_deref(), Some("MUG"));
    }
}

#[test]
fn all_weights_may_be_of_another_time_without_any_difference() {
    // As they are 300 half-lives later.
    let unit = 300f64.exp2();
    let mut later = relations();
    let rows = later.bought.values_mut().chain(later.viewed.values_mut());
    rows.chain([&mut later.orders, &mut later.views])
        .for_each(|row| row.values_mut().for_each(|weight| *weight *= unit));
    assert_eq!(related("MUG", &later, unit, 10), related("MUG", &relations(), 1.0, 10));
}

#[test]
fn what_a_customer_has_is_left_out_and_popular_products_fill_up() {
    let context = Context {
        clues: vec![clue(Kind::Bought, "MUG")],
        excluded: ["MUG".to_owned(), "TEA".to_owned()].into(),
    };
    let mut relations = relations();
    relations.viewed.clear();
    relations.popular.push("RUG".to_owned());
    let ranked = rank(&context, &relations, 1.0, 10);
    let told: Vec<(&str, &str)> =
        ranked.items.iter().map(|item| (item.sku.as_str(), item.reason.as_str())).collect();
    assert_eq!(told, [("LAMP", "bought_together"), ("RUG", "popular")]);
    assert_eq!(ranked.basis(), "personal");
    assert_eq!(rank(&context, &relations, 1.0, 1).items.len(), 1);
}

#[test]
fn with_nothing_to_go_by_there_is_what_is_popular() {
    let ranked = rank(&Context::default(), &relations(), 1.0, 2);
    assert_eq!(ranked.basis(), "popularity");
    assert_eq!(ranked.items.iter().map(|item| item.sku.as_str()).collect::<Vec<_>>(), ["LAMP", "MUG"]);
    assert!(rank(&Context::default(), &Relations::default(), 1.0, 5).items.is_empty());
}

#[test]
fn the_last_of_a_cart_says_most() {
    assert!(weight(Kind::Cart, 0) > weight(Kind::Cart, 1));
    assert!(weight(Kind::Cart, 0) > weight(Kind::Viewed, 0));
    assert!(weight(Kind::Viewed, 0) > weight(Kind::Bought, 0));
}

fn sku() -> impl Strategy<Value = String> {
    (0..12usize).prop_map(|number| format!("SKU-{number}"))
}

fn row() -> impl Strategy<Value = Weighed> {
    vec((sku(), -900.0..900.0f64), 0..12)
        .prop_map(|row| row.into_iter().map(|(sku, doublings)| (sku, doublings.exp2())).collect())
}

proptest! {
    /// Also of weights that no events could have led to.
    #[test]
    fn a_list_is_bounded_ordered_without_repeats_and_never_nonsense(
        bought in vec((sku(), row()), 0..6), viewed in vec((sku(), row()), 0..6), orders in row(), views in row(),
        popular in vec(sku(), 0..12), clues in vec((0..3usize, sku()), 0..10), excluded in vec(sku(), 0..5), unit in -900.0..900.0f64,
        limit in 0..15usize,
    ) {
        let kinds = [Kind::Cart, Kind::Viewed, Kind::Bought];
        let context = Context {
            clues: clues.into_iter().map(|(kind, sku)| Clue { kind: kinds[kind], sku }).collect(),
            excluded: excluded.into_iter().collect(),
        };
        let relations = Relations {
            bought: bought.into_iter().collect(),
            viewed: viewed.into_iter().collect(),
            orders,
            views,
            popular: popular.into_iter().collect::<HashSet<_>>().into_iter().collect(),
        };
        let items = rank(&context, &relations, unit.exp2(), limit).items;
        prop_assert!(items.len() <= limit);
        let distinct: HashSet<&str> = items.iter().map(|item| item.sku.as_str()).collect();
        prop_assert_eq!(distinct.len(), items.len());
        for item in &items {
            prop_assert!((0.0..=1.0).contains(&item.score), "{:?}", item);
            prop_assert!(!context.excluded.contains(&item.sku));
            prop_assert_eq!(item.because_of.is_none(), item.reason == "popular");
        }
        prop_assert!(items.windows(2).all(|pair| pair[0].score >= pair[1].score));
    }
}
