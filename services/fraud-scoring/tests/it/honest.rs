//! Random honest customers stay below the band; the score behaves whatever the features.

use fraud_scoring::{
    features::{Familiarity, Features, Sharing},
    rules::Rules,
};
use orderflow::events::Order;
use proptest::prelude::*;

use crate::support::{LIMITS, judge, orders::again};

#[derive(Debug, Clone)]
struct Purchase {
    hours_later: i64,
    percent_of_usual: i64,
    new_address: bool,
    travelling: bool,
}

fn purchase() -> impl Strategy<Value = Purchase> {
    (4i64..60, 40i64..250, prop::bool::weighted(0.1), prop::bool::weighted(0.1)).prop_map(
        |(hours_later, percent_of_usual, new_address, travelling)| Purchase {
            hours_later,
            percent_of_usual,
            new_address,
            travelling,
        },
    )
}

fn orders(purchases: &[Purchase], usual: i64) -> Vec<Order> {
    let mut seconds = 0;
    let one = |(number, purchase): (u128, &Purchase)| {
        seconds += purchase.hours_later * 3_600;
        let mut order = again(number, "honest", seconds, usual * purchase.percent_of_usual / 100);
        if purchase.new_address {
            order.address_hash = format!("address {number}");
        }
        if purchase.travelling {
            order.ip_country = Some("PT".into());
            order.ip_hash = Some(format!("hotel {number}"));
        }
        order
    };
    (0..).zip(purchases).map(one).collect()
}

fn sharing() -> impl Strategy<Value = Sharing> {
    (0i64..66, 0i64..66, 0i64..66, 0i64..66).prop_map(|(orders_60s, orders_24h, small_300s, others_7d)| {
        Sharing { orders_60s, orders_24h, small_300s, others_7d, ..Sharing::default() }
    })
}

fn features() -> impl Strategy<Value = Features> {
    let familiarity =
        || prop::sample::select(vec![Familiarity::Unknown, Familiarity::Known, Familiarity::New]);
    let numbers = (any::<i64>(), prop::option::of(0.0..1e12), 0i64..300, 0i64..300, 1i64..300, any::<i64>());
    let shared = (sharing(), sharing(), sharing(), sharing());
    (numbers, shared, (familiarity(), familiarity()), (1i64..4, any::<bool>(), any::<bool>(), 0i64..5))
        .prop_map(|(n, shared, (device, address), (countries, delivery_abroad, ip_elsewhere, age))| {
            Features {
                amount: n.0,
                average_amount: n.1,
                average_of: n.2,
                known_orders: n.2,
                orders_60s: n.3,
                orders_24h: n.4,
                amount_24h: n.5,
                small_300s: n.3,
                cards_24h: n.4,
                device,
                address,
                by_card: shared.0,
                by_device: shared.1,
                by_address: shared.2,
                by_ip: shared.3,
                delivery_abroad,
                ip_elsewhere,
                countries,
                account_age_days: age,
                ..Features::default()
            }
        })
}

proptest! {
    #[test]
    fn an_honest_customer_stays_below_the_band(
        purchases in prop::collection::vec(purchase(), 1..40), usual in 1_500i64..30_000,
    ) {
        for (order, decision) in orders(&purchases, usual).iter().zip(judge(&orders(&purchases, usual))) {
            prop_assert!(decision.score < 0.30, "{:?}: {:#?}", order, decision);
        }
    }

    #[test]
    fn a_score_is_from_zero_to_one_and_its_reasons_heaviest_first(features in features()) {
        let score = Rules::new(LIMITS).judge(&features);
        prop_assert!((0.0..=1.0).contains(&score.value));
        prop_assert!(score.reasons.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
    }

    #[test]
    fn one_more_order_in_the_minute_never_lowers_the_score(features in features()) {
        let faster = Features { orders_60s: features.orders_60s + 1, ..features.clone() };
        // What is shared counts only beyond the customer's own orders: keep it beyond in both.
        let alone = |features: Features| Features {
            by_card: Sharing::default(), by_device: Sharing::default(),
            by_address: Sharing::default(), by_ip: Sharing::default(), ..features
        };
        let rules = Rules::new(LIMITS);
        prop_assert!(rules.judge(&alone(faster)).value >= rules.judge(&alone(features)).value);
    }
}
