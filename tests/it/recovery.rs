//! Redis against the log: `orderflow verify` names what differs, `orderflow rebuild` mends it; and what happens when Redis
//! is older than the log, or whoever rebuilds dies.

use futures::future::join_all;
use orderflow_cli::environment::{Options, SERVICES};
use orderflow_tests::{
    Shop, eventually, options,
    servers::{self, flush},
};
use redis::{AsyncCommands, aio::MultiplexedConnection};
use serde_json::Value;

/// Two instances of every service.
fn in_twos() -> Options {
    Options { instances: SERVICES.map(|service| (service, 2)).into(), ..options() }
}

async fn redis(shop: &Shop) -> MultiplexedConnection {
    let client = shop.environment().connection().servers.redis.client();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// The prefix of a service's live keys.
async fn live(shop: &Shop, service: &str) -> String {
    let root = shop.environment().names().keys(service);
    let generation: u64 = redis(shop).await.get(format!("{root}generation")).await.unwrap();
    format!("{root}g{generation}:")
}

/// What differs of each service, as `key field`.
fn differences(found: &Value) -> Vec<String> {
    let of = |found: &Value| found["differences"].as_array().unwrap().clone();
    let all = found["services"].as_array().unwrap().iter().flat_map(of);
    let word = |word: &Value| word.as_str().unwrap_or_default().to_owned();
    all.map(|one| format!("{} {}", word(&one["key"]), word(&one["field"]))).collect()
}

#[tokio::test]
async fn redis_is_what_the_log_says_of_every_service_and_looking_disturbs_nobody() {
    let shop = Shop::open(in_twos()).await;
    let load = shop.good_load();
    load.reached(20).await;
    // What it finds depends on what is under way; that it disturbs nobody is what the end of the test proves.
    shop.orderflow_finds(&["verify", "inventory", "payment", "--patience", "1"]).await;
    let mut placed = load.enough().await;
    placed.extend(shop.load(20).all().await);
    shop.settled(&placed).await;
    let found = shop.orderflow(&["verify", "--settle", "30"]).await;
    for one in found["services"].as_array().unwrap() {
        // Intake remembers only what came with a key.
        let least = if one["service"] == "order-intake" { 0 } else { 10 };
        assert!(one["keys"].as_u64().unwrap() >= least, "{one}");
    }
    let pattern = format!("{}*beside:*", shop.environment().connection().prefix);
    let left: Vec<String> = redis(&shop).await.keys(pattern).await.unwrap();
    assert!(left.is_empty(), "it leaves nothing: {left:?}");
    shop.close(&placed).await;
}

#[tokio::test]
async fn what_was_changed_behind_a_services_back_is_named_and_mended_by_a_rebuild() {
    let shop = Shop::open(in_twos()).await;
    let placed = shop.load(20).all().await;
    shop.settled(&placed).await;
    shop.orderflow(&["verify", "inventory", "payment", "--settle", "30"]).await; // all that follows is done
    let (mut redis, stock, paid) =
        (redis(&shop).await, live(&shop, "inventory").await, live(&shop, "payment").await);
    let order = placed[0].order_id;
    let () = redis.hset(format!("{stock}stock:MUG"), "on_hand", 9_999).await.unwrap();
    let () = redis.hset(format!("{stock}stock:NOBODYS"), "on_hand", 1).await.unwrap();
    let () = redis.del(format!("{paid}order:{order}")).await.unwrap();

    let (is_well, found) = shop.orderflow_finds(&["verify", "inventory", "payment", "--settle", "1"]).await;
    let expected =
        ["stock:MUG on_hand".to_owned(), "stock:NOBODYS on_hand".to_owned(), format!("order:{order} ")];
    assert_eq!((is_well, differences(&found)), (false, expected.to_vec()), "{found}");
    assert_eq!(found["services"][0]["differences"][0]["redis"], "9999");
    assert_eq!(found["services"][0]["differences"][1]["log"], Value::Null);

    // Without --yes nothing happens.
    let plan = shop.orderflow(&["rebuild", "inventory"]).await;
    assert!(plan["plan"].as_str().unwrap().contains("--yes"), "{plan}");
    assert_eq!(live(&shop, "inventory").await, stock);
    for service in ["inventory", "payment"] {
        let rebuilt = shop.orderflow(&["rebuild", service, "--yes", "--settle", "1"]).await;
        assert_eq!(rebuilt["generation"], rebuilt["verified"]["generation"], "{rebuilt}");
    }
    assert_ne!(live(&shop, "inventory").await, stock);
    let old: Vec<String> = redis.keys(format!("{stock}*")).await.unwrap();
    assert!(old.is_empty(), "the old generation is gone: {old:?}");
    shop.close(&placed).await;
}

#[tokio::test]
async fn a_redis_that_was_set_back_is_healed_from_the_log() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, in_twos()).await;
    let load = shop.load(60);
    load.reached(15).await;
    let copy = Copy::of(&shop).await;
    load.reached(40).await;
    copy.restore(&shop).await;
    let placed = load.all().await;
    shop.settled(&placed).await;
    shop.orderflow(&["verify", "fraud-scoring", "inventory", "payment", "shipping", "--settle", "30"]).await;
    shop.close(&placed).await;
}

/// Whoever is killed while it rebuilds is followed by the other; what it had built is nobody's, and goes.
#[tokio::test]
async fn a_rebuilder_that_dies_in_the_middle_is_followed_by_the_other() {
    let servers = servers::own_redis().await;
    let instances = [("inventory", 2)].into();
    let shop = Shop::open_on(&servers, Options { instances, ..options() }).await;
    let load = shop.load(40);
    load.reached(15).await;
    let both = ["inventory-0", "inventory-1"];
    join_all(both.map(|name| shop.arm(name, "rebuilding", 1))).await;
    flush(&servers).await;
    let died = eventually("an instance to die while it rebuilds", async || {
        let dead = both.iter().find(|name| !shop.instance(name).process().unwrap().is_running());
        dead.copied().ok_or("both run")
    })
    .await;
    // The other may take over only once the lease has ended, and is not to die of it.
    let other = both.into_iter().find(|name| *name != died).unwrap();
    shop.arm(other, "after_drain", u32::MAX).await;
    let placed = load.all().await;
    shop.settled(&placed).await;
    let generations: Vec<String> = redis(&shop)
        .await
        .keys(format!("{}g*:stock:MUG", shop.environment().names().keys("inventory")))
        .await
        .unwrap();
    assert_eq!(generations.len(), 1, "{generations:?}");
    shop.start_again(died).await;
    shop.orderflow(&["verify", "inventory", "--settle", "30"]).await;
    shop.close(&placed).await;
}

/// Alone, the one that died goes on by itself after its start.
#[tokio::test]
async fn a_rebuilder_that_dies_alone_begins_anew_at_its_start() {
    let servers = servers::own_redis().await;
    let shop = Shop::open_on(&servers, options()).await;
    let load = shop.load(30);
    load.reached(10).await;
    shop.arm("payment-0", "rebuilding", 1).await;
    flush(&servers).await;
    shop.died("payment-0").await;
    shop.start_again("payment-0").await;
    shop.close(&load.all().await).await;
}

/// All keys of a Redis as they were at a moment.
struct Copy(Vec<(Vec<u8>, Vec<u8>, i64)>);

impl Copy {
    async fn of(shop: &Shop) -> Self {
        let (mut redis, mut kept) = (redis(shop).await, Vec::new());
        let keys: Vec<Vec<u8>> = redis.keys("*").await.unwrap();
        let mut dumps = redis::pipe();
        keys.iter().for_each(|key| {
            dumps.cmd("DUMP").arg(key).cmd("PTTL").arg(key);
        });
        let dumps: Vec<redis::Value> = dumps.query_async(&mut redis).await.unwrap();
        for (key, pair) in keys.into_iter().zip(dumps.chunks(2)) {
            let dump: Option<Vec<u8>> = redis::from_redis_value(pair[0].clone()).unwrap();
            let life: i64 = redis::from_redis_value(pair[1].clone()).unwrap();
            kept.extend(dump.map(|dump| (key, dump, life.max(0))));
        }
        Self(kept)
    }

    /// At once: nobody sees Redis empty.
    async fn restore(self, shop: &Shop) {
        let mut all = redis::pipe();
        all.atomic().cmd("FLUSHALL");
        for (key, dump, life) in self.0 {
            all.cmd("RESTORE").arg(key).arg(life).arg(dump);
        }
        let () = all.ignore().query_async(&mut redis(shop).await).await.unwrap();
    }
}
