//! One scene for each kind of trouble.

use orderflow::topics;
use orderflow_tests::{
    Request, Shop,
    chaos::evidence::{Injected, InjectedKind},
    eventually,
    raw::{self, Raw},
    servers::flush,
};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier},
    client::DefaultClientContext,
};
use serde_json::json;
use simulators::gateway::{Kind, read_ledger};
use uuid::Uuid;

use super::{Day, HOPS, still};
use crate::checker::day::{ask, attempt, orders};

/// How many batches inventory takes back under load.
const ABORTS: usize = 10;

impl Day {
    /// One order alone, that is declined: the second batch of inventory is its release.
    pub(super) async fn aborts_once_more(&mut self) {
        still(&self.shop).await;
        self.shop.fail("inventory-0", "before_commit", 2).await;
        let declined = Request::declined().keyed("one alone");
        self.journal.extend(ask(&self.shop.counter(), &declined).await);
    }

    /// Orders that are shipped come all the while: what follows from their labels waits a little in every service.
    pub(super) async fn aborts_under_load(&mut self) {
        let load = self.shop.good_load();
        for _ in 0..ABORTS {
            let before = rewinds(&self.shop, "inventory-0").await;
            self.shop.fail("inventory-0", "before_commit", 2).await;
            eventually("inventory to take a batch back", async || {
                match rewinds(&self.shop, "inventory-0").await {
                    more if more > before => Ok(()),
                    as_many => Err(format!("{as_many} so far")),
                }
            })
            .await;
        }
        load.enough().await;
    }

    pub(super) async fn comes_back(&mut self) {
        for name in HOPS {
            self.shop.died(name).await;
            self.shop.start_again(name).await;
        }
    }

    pub(super) async fn is_poisoned(&mut self) {
        let topic = self.shop.environment().names().topic(topics::ORDERS);
        let poison = Raw::new("poison", Some(b"no framing".to_vec())).with("x-own", "header");
        let Raw { partition, offset, .. } = raw::write(&self.shop.kafka(), &topic, poison).await;
        let what = InjectedKind::Poison("no framing".to_owned());
        self.injected.push(Injected { topic, partition, offset, what });
    }

    pub(super) async fn forgets(&mut self) {
        still(&self.shop).await;
        flush(self.servers.as_ref().unwrap()).await;
        self.journal.extend(orders(&self.shop, 10).await.1);
    }

    /// The gateway has charged, and nobody knows, when the customer takes the order back.
    pub(super) async fn is_cancelled_while_it_charges(&mut self) {
        self.gateway(json!({ "timeout_after_charge_rate": 1.0, "hold_ms": 60_000 })).await;
        let order = self.one().await;
        let key = order.to_string();
        eventually("the charge", async || {
            let ledger = read_ledger(&self.shop.environment().gateway_ledger()).unwrap();
            let is_it = |kind, of: &str| kind == Kind::Charge && of == key;
            let charged = ledger.iter().any(|line| is_it(line.entry.kind, &line.entry.order_id));
            if charged { Ok(()) } else { Err("none") }
        })
        .await;
        self.cancel(order).await;
        self.shop.caught_up("payment", topics::ORDERS).await;
        self.gateway(json!({ "timeout_after_charge_rate": 0.0 })).await;
    }

    pub(super) async fn has_no_broker(&mut self) {
        still(&self.shop).await;
        let broker = self.servers.as_ref().unwrap().kafka.as_ref().unwrap();
        broker.stop().await;
        let alone = Request::good().keyed("while there is no broker");
        self.journal.push(attempt(&self.shop.counter(), &alone).await.unwrap());
        broker.start_again().await.unwrap();
        self.journal.extend(orders(&self.shop, 5).await.1);
    }

    /// What fraud-scoring writes is too large for its topic, until somebody changes that.
    pub(super) async fn cannot_write(&mut self) {
        let topic = self.shop.environment().names().topic(topics::FRAUD);
        self.shop.terminate("fraud-scoring-0").await;
        largest(&self.shop.kafka(), &topic, "1").await;
        self.journal.extend(orders(&self.shop, 5).await.1);
        self.shop.start_again("fraud-scoring-0").await;
        eventually("fraud-scoring to have tried", async || {
            let (config, names) = (self.shop.kafka(), self.shop.environment().names());
            let (group, topic) = (names.group("fraud-scoring"), names.topic(topics::ORDERS));
            let behind = orderflow_tests::groups::lag(config, group, topic).await;
            let has_tried = behind == 0 || rewinds(&self.shop, "fraud-scoring-0").await > 0.0;
            if has_tried { Ok(()) } else { Err(format!("{behind} records are left")) }
        })
        .await;
        largest(&self.shop.kafka(), &topic, "1000000").await;
    }

    async fn gateway(&self, faults: serde_json::Value) {
        self.shop.switch(self.shop.environment().gateway(), faults).await;
    }

    /// A good order.
    async fn one(&mut self) -> Uuid {
        let answers = ask(&self.shop.counter(), &Request::good().keyed("the one")).await;
        let order = answers.last().and_then(|answer| answer.order_id).unwrap();
        self.journal.extend(answers);
        order
    }

    async fn cancel(&self, order: Uuid) {
        eventually("the cancel to be taken", async || match self.shop.cancel(order).await {
            (status, _) if status.as_u16() == 202 => Ok(()),
            (status, answer) => Err(format!("{status}: {answer}")),
        })
        .await;
    }
}

/// How often an instance has taken a batch back.
async fn rewinds(shop: &Shop, name: &str) -> f64 {
    let metrics = shop.metrics(name).await;
    let told = metrics.lines().filter(|line| line.starts_with("orderflow_rewinds_total"));
    told.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

/// Changes how large a record of a topic may be, in bytes.
async fn largest(config: &ClientConfig, topic: &str, bytes: &str) {
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set("max.message.bytes", bytes);
    for answer in admin.alter_configs([&change], &AdminOptions::new()).await.unwrap() {
        answer.unwrap();
    }
}
