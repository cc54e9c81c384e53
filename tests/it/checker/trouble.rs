//! What brings a planted bug out, and is none of a shop's concern without one.

mod scenes;

use std::time::{Duration, Instant};

use orderflow::config::Delivery;
use orderflow_cli::environment::Options;
use orderflow_stack::Servers;
use orderflow_tests::{
    Shop,
    chaos::evidence::{Answer, Injected},
    eventually, servers,
};

use super::day::orders;

const HOPS: [&str; 4] = ["fraud-scoring-0", "inventory-0", "payment-0", "shipping-0"];
/// Nothing that goes on is silent for longer.
const STILL: Duration = Duration::from_secs(4);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Each service aborts its first batch; inventory its second too.
    Aborts,
    /// Inventory aborts again and again while records wait for company.
    AbortsUnderLoad,
    /// Each service is killed before it commits.
    Kills,
    /// A record that nobody can read.
    Poison,
    /// Redis forgets everything.
    Flush,
    /// A customer takes an order back while it is charged.
    Cancel,
    /// There is no broker when a customer comes.
    Outage,
    /// The broker takes nothing of what a service writes.
    Refusal,
}

/// A shop that has had its trouble and is still again.
pub struct Day {
    pub shop: Shop,
    pub journal: Vec<Answer>,
    pub injected: Vec<Injected>,
    /// Its own, where they must break.
    servers: Option<Servers>,
}

impl Day {
    /// Opens a shop, and has it meet with this.
    pub async fn of(trouble: Trouble, options: Options) -> Self {
        let servers = match trouble {
            Trouble::Flush => Some(servers::own_redis().await),
            Trouble::Outage => Some(servers::own_kafka().await),
            _ => None,
        };
        let delivery = match trouble {
            // Exactly once the only broker may not go, and the commit itself tells of what was not delivered.
            Trouble::Outage | Trouble::Refusal => Delivery::AtLeastOnce,
            _ => options.delivery,
        };
        let options = Options { delivery, ..options };
        let shop = match &servers {
            Some(servers) => Shop::open_on(servers, options).await,
            None => Shop::open(options).await,
        };
        for name in HOPS {
            match trouble {
                Trouble::Aborts => shop.fail(name, "before_commit", 1).await,
                Trouble::Kills => shop.arm(name, "before_commit", 1).await,
                _ => {}
            }
        }
        let (_, journal) = orders(&shop, 10).await;
        let mut day = Self { shop, journal, injected: Vec::new(), servers };
        day.goes_on(trouble).await;
        still(&day.shop).await;
        day
    }

    async fn goes_on(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::None => {}
            Trouble::Aborts => self.aborts_once_more().await,
            Trouble::AbortsUnderLoad => self.aborts_under_load().await,
            Trouble::Kills => self.comes_back().await,
            Trouble::Poison => self.is_poisoned().await,
            Trouble::Flush => self.forgets().await,
            Trouble::Cancel => self.is_cancelled_while_it_charges().await,
            Trouble::Outage => self.has_no_broker().await,
            Trouble::Refusal => self.cannot_write().await,
        }
    }
}

/// Waits until nothing more is written.
async fn still(shop: &Shop) {
    let mut last = (0, Instant::now());
    eventually("the shop to be still", async || {
        let count = shop.entries().len();
        if count != last.0 {
            last = (count, Instant::now());
        }
        if last.1.elapsed() > STILL { Ok(()) } else { Err(format!("{count} records")) }
    })
    .await;
}
