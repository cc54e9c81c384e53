//! Each published example of a record through the step that reads it, on a real Redis, with real simulators: what it
//! says, as a snapshot. The clock stands one second after the example's own time.

use std::sync::Arc;

use clap::Parser;
use jiff::{SignedDuration, Timestamp};
use orderflow::{
    clock::Clock,
    codec::{Codec, Known},
    envelope::{Envelope, ids},
    events::*,
    fault::Fault,
    schemas,
    sealed::{Address, DataKey, MasterKey, OpeningKeys, Person, seal},
    state::State,
    step::{Origin, Received, Step},
    topics::Names,
    trace::TraceContext,
};
use orderflow_stack::{Process, Spec, free_port};
use orderflow_tests::{options, servers};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use uuid::Uuid;

#[tokio::test]
async fn order_placed_is_judged() {
    let bench = Bench::new("fraud-scoring").await;
    let settings = fraud_scoring::config::Settings::parse_from(["fraud-scoring"]);
    let limits = settings.limits().unwrap();
    let step = |clock| fraud_scoring::on_order_placed::OnOrderPlaced {
        profiles: fraud_scoring::profiles::Profiles::new(bench.state.clone(), limits.small),
        scorer: fraud_scoring::rules::Rules::new(limits),
        policy: settings.policy(),
        clock,
    };
    run::<OrderPlaced, _>(step, |_| {}).await;
}

#[tokio::test]
async fn a_validated_order_is_out_of_stock_and_with_stock_reserved() {
    let bench = Bench::new("inventory").await;
    let step = |clock| inventory::OnOrderValidated::new(bench.stock(), clock, SignedDuration::from_mins(15));
    run::<OrderValidatedForFraud, _>(step, |_| {}).await;

    let bench = Bench::new("inventory").await;
    bench.receive("85123A", 500).await;
    bench.receive("71053", 500).await;
    let step = |clock| inventory::OnOrderValidated::new(bench.stock(), clock, SignedDuration::from_mins(15));
    run_named::<OrderValidatedForFraud, _>("in_stock", step, |_| {}).await;
}

#[tokio::test]
async fn a_failed_payment_releases_what_was_reserved_and_nothing_else() {
    let bench = Bench::new("inventory").await;
    let step = |clock| inventory::OnPaymentFailed::new(bench.stock(), clock);
    run::<PaymentFailed, _>(step, |_| {}).await;

    let bench = Bench::new("inventory").await;
    let (name, failed) = examples::<PaymentFailed>().remove(0);
    for line in &failed.order.lines {
        bench.receive(&line.sku, 500).await;
    }
    let (_, mut validated) = examples::<OrderValidatedForFraud>().remove(0);
    validated.order = failed.order;
    let reserve =
        inventory::OnOrderValidated::new(bench.stock(), Clock::system(), SignedDuration::from_mins(15));
    reserve.handle(&[received(&name, validated)]).await.unwrap();
    let step = |clock| inventory::OnPaymentFailed::new(bench.stock(), clock);
    run_named::<PaymentFailed, _>("reserved", step, |_| {}).await;
}

#[tokio::test]
async fn stock_adjustments_are_answered() {
    let bench = Bench::new("inventory").await;
    let step = |clock| inventory::OnStockAdjustmentRequested::new(bench.stock(), clock);
    run::<StockAdjustmentRequested, _>(step, |_| {}).await;
}

#[tokio::test]
async fn a_reserved_order_is_charged_at_the_gateway() {
    let bench = Bench::new("payment").await;
    let gateway = bench.simulator("gateway-simulator", "GATEWAY").await;
    let settings = payment::config::Settings::parse_from(["payment", "--gateway-url", &gateway.url]);
    let step = |clock| {
        let gateway = payment::http_gateway::HttpGateway::new(&settings.gateway).unwrap();
        let states = payment::states::States::new(bench.state.clone());
        payment::OnInventoryReserved::new(states, gateway, clock, settings.limits())
    };
    run::<InventoryReserved, _>(step, |_| {}).await;
}

#[tokio::test]
async fn a_paid_order_gets_a_label_and_a_label_its_papers() {
    let bench = Bench::new("shipping").await;
    let carrier = bench.simulator("carrier-simulator", "CARRIER").await;
    let store = bench.folder.path().join("labels");
    let arguments = ["shipping", "--carrier-url", &carrier.url, "--label-store", store.to_str().unwrap()];
    let settings = shipping::Settings::parse_from(arguments);
    let keys = Arc::new(Keys::new(&bench.folder));
    let http = || Arc::new(shipping::http_carrier::HttpCarrier::new(&settings.carrier).unwrap());
    let buy = |clock| shipping::OnPaymentProcessed {
        states: shipping::states::States::new(bench.state.clone()),
        addressees: shipping::addressees::Addressees::new(keys.clone()),
        carrier: http(),
        clock,
        turns: Arc::new(Semaphore::new(4)),
        limits: settings.limits(),
    };
    run::<PaymentProcessed, _>(buy, |event| keys.seal(&mut event.order)).await;
    let print = |clock| shipping::OnShippingLabelGenerated {
        folder: shipping::papers::Folder::new(bench.state.clone()),
        addressees: shipping::addressees::Addressees::new(keys.clone()),
        store: shipping::label_store::LabelStore::local(&settings.labels.store).unwrap(),
        carrier: http(),
        clock,
        house: settings.house(),
    };
    run::<ShippingLabelGenerated, _>(print, |event| keys.seal(&mut event.order)).await;
}

/// Runs every example of a record through a step, twice: a repeat must say the same.
async fn run<R: Record, S: Step<In = R>>(step: impl Fn(Clock) -> S, prepare: impl Fn(&mut R)) {
    run_named("", step, prepare).await;
}

async fn run_named<R: Record, S: Step<In = R>>(
    given: &str,
    step: impl Fn(Clock) -> S,
    prepare: impl Fn(&mut R),
) {
    let codec = codec();
    for (name, mut event) in examples::<R>() {
        prepare(&mut event);
        let began = event.occurred_at() + SignedDuration::from_secs(1);
        let step = step(standing_at(began));
        let batch = [received(&name, event.clone())];
        let mut answers = Vec::new();
        for _ in 0..2 {
            let outcome = step.handle(&batch).await.unwrap().remove(0);
            let events = outcome.unwrap_or_else(|fault| panic!("{name}: {fault}")).into_events();
            let shown = events.iter().map(|event| json_of(&codec, &event.encode(&codec).unwrap()));
            answers.push(shown.collect::<Vec<Value>>());
        }
        assert_eq!(answers[0], answers[1], "a repeat of {name} says something else");
        let input = serde_json::to_value(&event).unwrap();
        let mut shown = json!({ "step": S::NAME, "example": name, "says": answers.remove(0) });
        redact(&mut shown, &input, began);
        let snapshot =
            [S::NAME, &name, given].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
        insta::assert_json_snapshot!(snapshot.join("-").replace('.', "_"), shown);
    }
}

fn examples<R: Record>() -> Vec<(String, R)> {
    let texts = schemas::examples(R::TOPIC.name(), R::NAME);
    assert!(!texts.is_empty(), "{} has no example", R::NAME);
    texts.into_iter().map(|(name, text)| (name, serde_json::from_str(text).unwrap())).collect()
}

fn received<R: Record>(name: &str, event: R) -> Received<R> {
    let time = event.occurred_at();
    let envelope = Envelope {
        id: ids::from_parts(&["example", name]),
        source: "example".to_owned(),
        kind: R::full_name(),
        time,
        subject: event.key(),
        dataschema: None,
        correlation_id: "example".to_owned(),
        causation_id: None,
        trace: TraceContext::root(),
    };
    Received { event, envelope, origin: Origin { topic: R::TOPIC, partition: 0, offset: 0, timestamp: time } }
}

/// A clock that tells this time, and goes on from there.
fn standing_at(time: Timestamp) -> Clock {
    let clock = Clock::system();
    clock.set_offset(time.duration_since(clock.now()));
    clock
}

/// What is new in every run: times the step took from its clock, and ids the outside made up. The order, which every
/// event must carry as it is, is not shown again.
fn redact(shown: &mut Value, input: &Value, began: Timestamp) {
    match shown {
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, input, began)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match name.as_str() {
                    "order" if *value == input["order"] => *value = json!("[the order, unchanged]"),
                    "intent_id" | "label_id" | "pickup_id" => {
                        let kind = value.as_str().unwrap().split('_').next().unwrap_or_default();
                        *value = json!(format!("[{kind}_…]"));
                    }
                    name if name.ends_with("_at") || name == "valid_until" => {
                        let after = value.as_i64().unwrap() - began.as_microsecond();
                        assert!(after >= 0, "{name} lies before the step's time");
                        *value = match after / 60_000_000 {
                            0 => json!("[now]"),
                            minutes => json!(format!("[now + {minutes} min]")),
                        };
                    }
                    _ => redact(value, input, began),
                }
            }
        }
        _ => {}
    }
}

/// Reads and writes every record type, each under an id of its own.
fn codec() -> Codec {
    let mut codec = Codec::default();
    for (id, record) in (1..).zip(schemas::all().unwrap()) {
        codec.allow_reading(
            id,
            Known { full_name: record.full_name.clone(), schema: record.schema.parse().unwrap() },
        );
        codec.allow_writing(record.full_name, id);
    }
    codec
}

/// An event as it is on the topic, as JSON.
fn json_of(codec: &Codec, event: &Encoded) -> Value {
    macro_rules! read {
        ($($record:ident),+) => { match event.record.name {
            $(<$record as Record>::NAME => {
                serde_json::to_value(codec.decode::<$record>(&event.value).unwrap()).unwrap()
            })+
            other => panic!("{other} is not in this list"),
        } };
    }
    let value = read!(
        OrderValidatedForFraud,
        OrderFraudDetected,
        InventoryReserved,
        InventoryShortage,
        InventoryReleased,
        StockAdjusted,
        StockAdjustmentRefused,
        PaymentProcessed,
        PaymentFailed,
        ShippingLabelGenerated,
        LabelDocumentStored,
        PickupScheduled,
        ShippingFailed
    );
    json!({ event.record.name: value })
}

/// A state of one's own on the shared Redis, and a folder.
struct Bench {
    state: State,
    folder: TempDir,
}

/// A running simulator.
struct Simulator {
    url: String,
    _process: Process,
}

impl Bench {
    async fn new(service: &str) -> Self {
        let client = redis::Client::open(servers::shared().await.redis_url.as_str()).unwrap();
        let redis = client.get_connection_manager().await.unwrap();
        let state = State::new(redis, Names::new(options().prefix).keys(service));
        state.initialise("cluster").await.unwrap();
        Self { state, folder: tempfile::tempdir().unwrap() }
    }

    fn stock(&self) -> inventory::Stock {
        inventory::Stock::new(self.state.clone())
    }

    async fn receive(&self, sku: &str, units: i64) {
        let request = StockAdjustmentRequested {
            sku: sku.to_owned(),
            delta: units,
            kind: "receipt".to_owned(),
            reason: "before the example".to_owned(),
            requested_by: "test".to_owned(),
            requested_at: Timestamp::UNIX_EPOCH,
        };
        let step = inventory::OnStockAdjustmentRequested::new(self.stock(), Clock::system());
        step.handle(&[received(sku, request)]).await.unwrap().remove(0).unwrap();
    }

    async fn simulator(&self, name: &str, stem: &str) -> Simulator {
        let listen = format!("127.0.0.1:{}", free_port().unwrap());
        let ledger = self.folder.path().join("ledger.jsonl").display().to_string();
        let env = vec![(format!("{stem}_LISTEN"), listen.clone()), (format!("{stem}_LEDGER"), ledger)];
        let program = servers::binaries().await.path(name).unwrap();
        let log = self.folder.path().join("simulator.log");
        let process =
            Process::start(&Spec { name: name.to_owned(), program, env, log, ..Spec::default() }).unwrap();
        let url = format!("http://{listen}");
        process.wait_ready(&format!("{url}/health/ready"), orderflow_tests::waiting::PATIENCE).await.unwrap();
        Simulator { url, _process: process }
    }
}

/// One customer and her key.
struct Keys {
    key_id: Uuid,
    key: DataKey,
}

impl Keys {
    fn new(folder: &TempDir) -> Self {
        let path = folder.path().join("master.key");
        std::fs::write(&path, "5a".repeat(32)).unwrap();
        let master = MasterKey::from_file(&path).unwrap();
        let wrapped = master.new_data_key("c-1042", Timestamp::UNIX_EPOCH).unwrap();
        Self { key_id: wrapped.key_id, key: master.unwrap_key(&wrapped).unwrap() }
    }

    /// The sealed part of an example cannot be opened: nobody has its key. This one can.
    fn seal(&self, order: &mut Arc<Order>) {
        let person = Person {
            name: "Ada Lovelace".to_owned(),
            email: "ada@shop.example".to_owned(),
            address: Address {
                line1: "12 St James's Square".to_owned(),
                line2: None,
                city: "London".to_owned(),
                postal_code: Some("SW1Y 4JH".to_owned()),
                region: None,
                country: "GB".to_owned(),
            },
        };
        let sealed = seal(&self.key, self.key_id, order.order_id, &person).unwrap();
        Arc::make_mut(order).sealed = sealed;
    }
}

#[async_trait::async_trait]
impl OpeningKeys for Keys {
    async fn find(&self, _: &str, key_id: Uuid) -> Result<Option<DataKey>, Fault> {
        Ok((key_id == self.key_id).then(|| self.key.clone()))
    }
}
