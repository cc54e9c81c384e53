//! A Redis, a carrier and a customer for each test.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use clap::Parser;
use jiff::SignedDuration;
use orderflow::{
    clock::Clock,
    envelope::{Envelope, Tried},
    events::{Line, Order, OrderCancelRequested, PaymentProcessed, Record, ShippingLabelGenerated},
    fault::Fault,
    health::Health,
    sealed::{Address, DataKey, MasterKey, OpeningKeys, Person, seal},
    state::State,
    step::{Origin, Outcome, Received, Verdicts},
    trace::TraceContext,
};
use orderflow_testkit::RedisServer;
use shipping::{
    OnOrderCancelRequested, OnPaymentProcessed, OnShippingLabelGenerated, Settings, addressees::Addressees,
    bookings::Bookings, fold, http_carrier::HttpCarrier, label_store::LabelStore, papers::Folder,
    standing::Said, states::States,
};
use simulators::{
    carrier::{self, Carrier, CarrierFaults, Entry},
    desk::{Desk, Options},
    server,
};
use tempfile::TempDir;
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

/// Everything a test needs; gone when dropped.
pub struct Bench {
    pub state: State,
    pub keys: Arc<Keys>,
    pub clock: Clock,
    pub settings: Settings,
    _redis: RedisServer,
    _carrier: JoinSet<std::io::Result<()>>,
    pub folder: TempDir,
}

/// Customers' keys in memory: the port's adapter for tests.
#[derive(Default)]
pub struct Keys {
    keys: Mutex<HashMap<Uuid, DataKey>>,
    on_catch_up: Mutex<OnCatchUp>,
}

/// What happens when somebody reads the keys to their end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnCatchUp {
    #[default]
    Nothing,
    /// There are tombstones for everybody.
    EraseAll,
    /// The broker does not answer.
    Fail,
}

impl Keys {
    pub fn erase_all(&self) {
        self.keys.lock().unwrap().clear();
    }

    pub fn on_catch_up(&self, what: OnCatchUp) {
        *self.on_catch_up.lock().unwrap() = what;
    }
}

#[async_trait]
impl OpeningKeys for Keys {
    async fn find(&self, customer_id: &str, key_id: Uuid) -> Result<Option<DataKey>, Fault> {
        if customer_id == "unknown-yet" {
            return Err(Fault::transient("keys_behind", "not read to the end yet"));
        }
        Ok(self.keys.lock().unwrap().get(&key_id).cloned())
    }

    async fn catch_up(&self) -> Result<(), Fault> {
        match *self.on_catch_up.lock().unwrap() {
            OnCatchUp::Nothing => Ok(()),
            OnCatchUp::EraseAll => {
                self.erase_all();
                Ok(())
            }
            OnCatchUp::Fail => Err(Fault::transient("keys_behind", "not read to the end")),
        }
    }
}

impl Bench {
    /// `None`, with a note, where there is no redis-server.
    pub async fn start() -> Option<Self> {
        let redis = RedisServer::start()?;
        let state = redis.fresh().await;
        let folder = TempDir::new().unwrap();
        let (serving, url) = carrier(&folder).await;
        let store = folder.path().join("labels");
        let arguments = ["shipping", "--carrier-url", &url, "--label-store", store.to_str().unwrap()];
        let settings = Settings::try_parse_from(arguments).unwrap();
        Some(Self {
            state,
            keys: Arc::default(),
            clock: Clock::system(),
            settings,
            _redis: redis,
            _carrier: serving,
            folder,
        })
    }

    pub fn buy(&self) -> OnPaymentProcessed {
        OnPaymentProcessed {
            states: States::new(self.state.clone()),
            addressees: Addressees::new(self.keys.clone()),
            carrier: Arc::new(HttpCarrier::new(&self.settings.carrier).unwrap()),
            clock: self.clock.clone(),
            turns: Arc::new(Semaphore::new(4)),
            limits: self.settings.limits(),
        }
    }

    pub fn cancel(&self) -> OnOrderCancelRequested {
        OnOrderCancelRequested { states: States::new(self.state.clone()), clock: self.clock.clone() }
    }

    pub fn print(&self) -> OnShippingLabelGenerated {
        let carrier = Arc::new(HttpCarrier::new(&self.settings.carrier).unwrap());
        OnShippingLabelGenerated {
            folder: Folder::new(self.state.clone()),
            addressees: Addressees::new(self.keys.clone()),
            store: LabelStore::open(&self.settings.labels.store, None, &Health::default()).unwrap(),
            carrier: Arc::new(Bookings::new(carrier)),
            clock: self.clock.clone(),
            house: self.settings.house(),
        }
    }

    /// Switches the carrier's faults; `{}` for none.
    pub async fn faults(&self, json: &str) {
        let url = self.settings.carrier.url.join("faults").unwrap();
        let answer = reqwest::Client::new().put(url).body(json.to_owned()).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// The orders of the labels, and the number of the pickups, that stand in the carrier's ledger.
    pub fn ledger(&self) -> (Vec<String>, usize) {
        let (mut labels, mut pickups) = (Vec::new(), 0);
        for line in carrier::read_ledger(&self.folder.path().join("ledger")).unwrap() {
            match line.entry {
                Entry::Label(label) => labels.push(label.order_id),
                Entry::Pickup(_) => pickups += 1,
                Entry::Void(_) | Entry::OrderVoid(_) => {}
            }
        }
        (labels, pickups)
    }

    /// The orders that the carrier's ledger says were voided.
    pub fn voided(&self) -> Vec<String> {
        let lines = carrier::read_ledger(&self.folder.path().join("ledger")).unwrap().into_iter();
        lines
            .filter_map(
                |line| if let Entry::OrderVoid(void) = line.entry { Some(void.order_id) } else { None },
            )
            .collect()
    }

    /// Redis forgets everything, and starts anew with what these tell.
    pub async fn lose(&self, said: &[(Uuid, Said)]) {
        let () = redis::cmd("FLUSHALL").query_async(&mut self.state.redis()).await.unwrap();
        self.state.initialise("cluster").await.unwrap();
        fold::restore(&self.state, said, &[]).await.unwrap();
    }

    /// An order of a customer with this address, sealed with a key of its own.
    pub fn order(&self, customer: &str, line1: &str) -> Arc<Order> {
        let order_id = Uuid::new_v4();
        let path = self.folder.path().join("master");
        std::fs::write(&path, "5a".repeat(32)).unwrap();
        let master = MasterKey::from_file(&path).unwrap();
        let wrapped = master.new_data_key(customer, self.clock.now()).unwrap();
        let key = master.unwrap_key(&wrapped).unwrap();
        let sealed = seal(&key, wrapped.key_id, order_id, &person(line1)).unwrap();
        self.keys.keys.lock().unwrap().insert(wrapped.key_id, key);
        Arc::new(Order {
            order_id,
            customer_id: customer.into(),
            lines: vec![Line { sku: "MUG".into(), quantity: 2, unit_price: 1250 }],
            total: 2500,
            currency: "EUR".into(),
            payment_token: "tok_visa".into(),
            billing_country: "DE".into(),
            delivery_country: "DE".into(),
            ip_country: None,
            card_hash: "0".repeat(32),
            device_hash: None,
            address_hash: "0".repeat(32),
            ip_hash: None,
            account_age_days: 3,
            priority: "express".into(),
            placed_at: self.clock.now(),
            sealed,
        })
    }

    pub fn paid(&self, order: Arc<Order>) -> Received<PaymentProcessed> {
        let (amount, currency) = (order.total, order.currency.clone());
        let processed_at = self.clock.now();
        received(PaymentProcessed { order, intent_id: "pi_1".into(), amount, currency, processed_at })
    }

    pub fn cancelled(&self, order: &Order) -> Received<OrderCancelRequested> {
        let (order_id, reason, requested_by) = (order.order_id, String::new(), "anonymous".to_owned());
        received(OrderCancelRequested { order_id, reason, requested_by, requested_at: self.clock.now() })
    }

    pub fn labelled(&self, order: Arc<Order>) -> Received<ShippingLabelGenerated> {
        received(ShippingLabelGenerated {
            order,
            label_id: "lbl_1".into(),
            tracking_number: "EE000000080DE".into(),
            carrier: "Simulated Parcel Post".into(),
            service_level: "express".into(),
            generated_at: self.clock.now(),
        })
    }
}

fn person(line1: &str) -> Person {
    let address = Address {
        line1: line1.into(),
        line2: Some("c/o Müller & Söhne, 3rd floor".into()),
        city: "Berlin".into(),
        postal_code: Some("10115".into()),
        region: None,
        country: "DE".into(),
    };
    Person { name: "Zoë Łukasiewicz".into(), email: "zoe@shop.example".into(), address }
}

fn received<R: Record>(event: R) -> Received<R> {
    let time = event.occurred_at();
    let envelope = Envelope {
        id: Uuid::new_v4(),
        source: "test".into(),
        kind: R::full_name(),
        time,
        subject: event.key(),
        dataschema: None,
        correlation_id: "test".into(),
        causation_id: None,
        trace: TraceContext::root(),
        tried: Tried::default(),
    };
    Received { event, envelope, origin: Origin { topic: R::TOPIC, partition: 0, offset: 0, timestamp: time } }
}

/// A carrier that serves until the set is dropped, and its address.
async fn carrier(folder: &TempDir) -> (JoinSet<std::io::Result<()>>, String) {
    let options = Options {
        seed: 1,
        faults: CarrierFaults::default(),
        key_life: SignedDuration::MAX,
        clock: simulators::clock::system(),
    };
    let carrier = Carrier::new("DE".parse().unwrap(), Vec::new());
    let desk = Arc::new(Desk::open(carrier, &folder.path().join("ledger"), options).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = server::router(desk, carrier::routes());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });
    (serving, url)
}

/// The one event of each record, or its fault's code.
pub fn told<Out: Clone>(verdicts: Verdicts<Out>) -> Vec<Result<Vec<Out>, &'static str>> {
    let told = |verdict: Result<Outcome<Out>, Fault>| verdict.map(Outcome::into_events).map_err(|f| f.code());
    verdicts.unwrap().into_iter().map(told).collect()
}
