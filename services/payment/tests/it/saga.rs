//! Any interleaving of cancel, reservation, charge, void, the customer's word, callbacks, deadlines, refund, repeats,
//! crashes and loss of state, on a real Redis with the real steps: an order's payment ends once, and the bank's books say
//! the same as the log.

mod bank;
mod check;
mod log;
mod world;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use bank::Fate;
use log::{Cause, Input};
use orderflow_testkit::RedisServer;
use world::World;

/// What may happen next.
#[derive(Debug, Clone)]
enum Happening {
    /// A request to cancel comes onto the log; the service reads it now, or only in the end.
    Cancel { order: usize, read: bool },
    /// The service reads a record; what it says comes onto the log, unless it crashes before that.
    Read { order: usize, input: Input, fate: Fate, crash: bool },
    /// The service reads a callback of the bank, if there is one: whichever comes.
    Callback { which: usize, fate: Fate, crash: bool },
    /// The customer of a payment that asks them says yes or no.
    Customer { order: usize, says_yes: bool },
    /// The deadlines are looked at.
    Tick { fate: Fate, crash: bool },
    /// Twenty minutes pass: customers who were asked have not answered in time.
    TwentyMinutes,
    /// One of the calls under way goes on.
    GoOn(usize),
    /// A day passes: reservations end, and the bank forgets its keys.
    Day,
    /// Redis forgets everything, and the state is folded from the log, in this order.
    Lose { backwards: bool },
}

fn happening() -> impl Strategy<Value = Happening> {
    let order = || 0..world::ORDERS;
    let input = prop_oneof![
        3 => Just(Input::Reserved),
        1 => Just(Input::Shipping(Cause::Failed)),
        1 => Just(Input::Shipping(Cause::Cancelled)),
    ];
    let fate = || {
        prop_oneof![
            4 => Just(Fate::Prompt),
            2 => Just(Fate::SlowRequest),
            2 => Just(Fate::SlowAnswer),
            1 => Just(Fate::LostAnswer),
            1 => Just(Fate::Down),
        ]
    };
    let crash = || prop::bool::weighted(0.2);
    prop_oneof![
        2 => (order(), prop::bool::weighted(0.7)).prop_map(|(order, read)| Happening::Cancel { order, read }),
        6 => (order(), input, fate(), crash())
            .prop_map(|(order, input, fate, crash)| Happening::Read { order, input, fate, crash }),
        4 => (0usize..16, fate(), crash())
            .prop_map(|(which, fate, crash)| Happening::Callback { which, fate, crash }),
        2 => (order(), any::<bool>()).prop_map(|(order, says_yes)| Happening::Customer { order, says_yes }),
        2 => (fate(), crash()).prop_map(|(fate, crash)| Happening::Tick { fate, crash }),
        1 => Just(Happening::TwentyMinutes),
        3 => (0usize..8).prop_map(Happening::GoOn),
        1 => Just(Happening::Day),
        2 => any::<bool>().prop_map(|backwards| Happening::Lose { backwards }),
    ]
}

async fn play(redis: &RedisServer, happenings: Vec<Happening>) -> Result<(), TestCaseError> {
    let mut world = World::new(redis).await;
    for happening in happenings {
        match happening {
            Happening::Cancel { order, read } => world.cancel(order, read).await,
            Happening::Read { order, input, fate, crash } => world.read(order, input, fate, crash).await,
            Happening::Callback { which, fate, crash } => world.callback(which, fate, crash).await,
            Happening::Customer { order, says_yes } => world.customer(order, says_yes),
            Happening::Tick { fate, crash } => world.tick(fate, crash).await,
            Happening::TwentyMinutes => world.twenty_minutes().await,
            Happening::GoOn(which) => world.go_on(which).await,
            Happening::Day => world.day().await,
            Happening::Lose { backwards } => world.lose(redis, backwards).await,
        }
    }
    world.end().await;
    (0..world::ORDERS).try_for_each(|order| world.check(order))
}

#[test]
fn a_payment_ends_once_and_the_books_balance_whatever_happens_in_whatever_order() {
    let Some(redis) = RedisServer::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let happenings = prop::collection::vec(happening(), 1..50);
    TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() })
        .run(&happenings, |happenings| runtime.block_on(play(&redis, happenings)))
        .unwrap();
}
