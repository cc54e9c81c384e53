//! A record nobody can read becomes a dead letter, as it came; its neighbours pass.

use orderflow::{
    catalogue::Catalogue,
    codec::{Codec, Known, schema_id},
    config::Delivery,
    events::{
        InventoryReserved, InventoryShortage, OrderPlaced, Record, StockAdjusted, StockAdjustmentRequested,
    },
    order_state::State,
    runtime::dead_letter::CODE,
    schemas,
    topics::{self, Topic},
};
use orderflow_cli::environment::SERVICES;
use orderflow_tests::{
    Request, Shop, eventually,
    load::Placed,
    options,
    raw::{self, Raw},
};
use rstest::rstest;
use uuid::Uuid;

/// Damages a good OrderPlaced, given the value of a record that belongs on another topic.
type Damage = fn(good: &[u8], foreign: &[u8]) -> Option<Vec<u8>>;

/// What is wrong with a record, how it gets there, and the code of its dead letter.
const POISON: [(&str, Damage, &str); 7] = [
    ("no value", |_, _| None, "bad_framing"),
    ("no framing", |_, _| Some(br#"{"order": "two mugs"}"#.to_vec()), "bad_framing"),
    (
        "an unknown schema id",
        |good, _| Some([&[0, 0x7f, 0xff, 0xff, 0xf0], &good[5..]].concat()),
        "unknown_schema",
    ),
    ("cut short", |good, _| Some(good[..good.len() - 7].to_vec()), "bad_avro"),
    ("too long", |good, _| Some([good, b"and more"].concat()), "bad_avro"),
    ("not Avro", |good, _| Some([&good[..5], &[0xff; 64]].concat()), "bad_avro"),
    ("another record type", |_, foreign| Some(foreign.to_vec()), "unexpected_record"),
];

#[rstest]
#[case::exactly_once(Delivery::ExactlyOnce)]
#[case::at_least_once(Delivery::AtLeastOnce)]
#[tokio::test]
async fn poison_becomes_a_dead_letter_as_it_came_and_its_neighbours_pass(#[case] delivery: Delivery) {
    // One partition: every record is every other's neighbour.
    let shop =
        Shop::open(orderflow_cli::environment::Options { partitions: Some(1), delivery, ..options() }).await;
    let mut placed = vec![shop.place(&Request::good()).await];
    shop.settled(&placed).await;
    let good = shop.entries().into_iter().find(|entry| entry.record() == "OrderPlaced").unwrap().value;
    let foreign =
        shop.entries().into_iter().find(|entry| entry.record() == "OrderValidatedForFraud").unwrap().value;

    let names = shop.environment().names();
    let mut written = Vec::new();
    for (index, (what, damage, _)) in POISON.iter().enumerate() {
        let record = Raw::new(&format!("poison-{index}"), damage(&good, &foreign)).with("x-what", what);
        written.push(raw::write(&shop.kafka(), &names.topic(topics::ORDERS), record).await);
        placed.push(shop.place(&Request::mixed(index)).await);
    }
    let letters = dead_letters(&shop, "fraud-scoring", POISON.len()).await;
    for (((what, _, code), original), letter) in POISON.iter().zip(&written).zip(&letters) {
        assert_eq!(letter.text(CODE).as_deref(), Some(*code), "{what}");
        as_it_came(original, letter, &names.topic(topics::ORDERS), &names.group("fraud-scoring"));
    }
    let mut codes = Vec::new();
    for (_, _, code) in POISON {
        match code {
            // Only found by those who read an OrderPlaced.
            "bad_avro" => codes.extend(["bad_avro"; 3]),
            // Payment, shipping and recommendation have nothing to do with `fraud`, and do not know its schemas.
            "unexpected_record" => {
                codes.extend(["unexpected_record"; 2]);
                codes.extend(["unknown_schema"; 3]);
            }
            _ => codes.extend(readers_of(topics::ORDERS).iter().map(|_| code)),
        }
    }
    shop.close_with_dead_letters(&placed, &codes).await;
}

#[tokio::test]
async fn each_service_buries_what_it_cannot_read_from_each_of_its_topics() {
    const TOPICS: [Topic; 7] = [
        topics::ORDERS,
        topics::REVIEWS,
        topics::FRAUD,
        topics::INVENTORY_STOCK,
        topics::INVENTORY,
        topics::PAYMENTS,
        topics::SHIPPING,
    ];
    let shop = Shop::open(orderflow_cli::environment::Options { partitions: Some(1), ..options() }).await;
    let mut placed = vec![shop.place(&Request::good()).await];
    let names = shop.environment().names();
    let mut expected: Vec<(String, Raw, String)> = Vec::new();
    for topic in TOPICS {
        // A key of its own: behind a dead letter the next record of its key would wait.
        let key = format!("poison-{topic}");
        let record = Raw::new(&key, Some(b"\x01not framed".to_vec())).with("x-from", "elsewhere");
        let written = raw::write(&shop.kafka(), &names.topic(topic), record).await;
        let readers = readers_of(topic).into_iter();
        expected.extend(readers.map(|reader| (reader, written.clone(), names.topic(topic))));
    }
    placed.push(shop.place(&Request::declined()).await);
    placed.push(shop.place(&Request::good()).await);
    for service in &SERVICES[1..] {
        let mine: Vec<_> = expected.iter().filter(|(reader, ..)| reader == service).collect();
        let letters = dead_letters(&shop, service, mine.len()).await;
        for (_, original, topic) in mine {
            let letter =
                letters.iter().find(|l| l.text("kafka_dlt-original-topic").as_deref() == Some(topic));
            let letter = letter.unwrap_or_else(|| panic!("{service} has no dead letter from {topic}"));
            as_it_came(original, letter, topic, &names.group(service));
        }
    }
    shop.close_with_dead_letters(&placed, &vec!["bad_framing"; expected.len()]).await;
}

/// In every group that reads the topic, the order's later records wait behind it. So the order rests at the first service
/// on its path that has still something to do, and nothing is done for it twice or out of order.
#[tokio::test]
async fn poison_under_the_key_of_a_live_order_rests_it_until_it_is_discarded() {
    let shop = Shop::open(orderflow_cli::environment::Options { partitions: Some(1), ..options() }).await;
    let names = shop.environment().names();
    shop.terminate("fraud-scoring-0").await;
    let placed = shop.place(&Request::good()).await;
    let key = placed.order_id.to_string();
    let record = Raw::new(&key, Some(b"\x01not framed".to_vec()));
    raw::write(&shop.kafka(), &names.topic(topics::ORDERS), record).await;
    for service in ["payment", "shipping"] {
        dead_letters(&shop, service, 1).await;
    }
    shop.start_again("fraud-scoring-0").await;
    // What came before it is handled, and so is what others read who do not read that topic.
    shop.record::<InventoryReserved>(&key).await;
    let neighbour = shop.place(&Request::good()).await;
    shop.settled(&[neighbour, Placed { becomes: State::Parked, ..placed }]).await;
    for service in ["payment", "shipping"] {
        let listed = shop.orderflow(&["dlq", "list", "--group", service]).await;
        let place = listed[0]["place"].as_str().unwrap().to_owned();
        let why = ["--by", "ada", "--reason", "nobody can read it"];
        shop.orderflow(&[&["dlq", "discard", service, &place], &why[..]].concat()).await;
    }
    shop.settled(&[placed]).await;
    // The beginning of a record: it waits where the other was not discarded, and whoever audits goes past both.
    let good = shop.entries().into_iter().find(|entry| entry.record() == "OrderPlaced").unwrap().value;
    let cut = Raw::new(&key, Some(good[..good.len() - 7].to_vec()));
    raw::write(&shop.kafka(), &names.topic(topics::ORDERS), cut).await;
    shop.caught_up("fraud-scoring", topics::ORDERS).await;
    let ledgers = [shop.environment().gateway_ledger(), shop.environment().carrier_ledger()];
    let [gateway, carrier] = ledgers.map(|ledger| ledger.display().to_string());
    let audit = ["audit", "--gateway-ledger", &gateway, "--carrier-ledger", &carrier, "--within", "120"];
    let found = shop.orderflow(&audit).await;
    assert_eq!(found["damaged"].as_array().map(Vec::len), Some(2), "{found}");
    let codes = vec!["bad_framing"; readers_of(topics::ORDERS).len()];
    shop.close_with_dead_letters(&[placed, neighbour], &codes).await;
}

#[tokio::test]
async fn a_record_without_headers_is_handled_under_an_id_of_its_place() {
    let shop = Shop::open(options()).await;
    let (names, kafka) = (shop.environment().names(), shop.kafka());
    // A stock receipt of a foreign system.
    let (_, mut receipt) = shop.record::<StockAdjustmentRequested>("MUG").await;
    receipt.delta = 5;
    let value = encode(&shop, &receipt);
    let record = Raw::new(&receipt.sku, Some(value));
    let written = raw::write(&kafka, &names.topic(topics::INVENTORY_STOCK), record).await;
    let id = of_place(topics::INVENTORY_STOCK, &written);
    eventually("the receipt to be answered", async || {
        let answers = shop.records::<StockAdjusted>().await;
        let answer = answers.iter().find(|(entry, _)| entry.envelope.causation_id == Some(id));
        answer
            .map(|(_, adjusted)| assert_eq!(adjusted.delta, 5))
            .ok_or_else(|| format!("{} others", answers.len()))
    })
    .await;

    // An order of a foreign shop. It ends before anybody has to open its sealed part.
    let template = shop.place(&Request::short()).await;
    let (_, mut order) = shop.record::<OrderPlaced>(&template.order_id.to_string()).await;
    let order_id = Uuid::now_v7();
    let mut foreign = (*order.order).clone();
    foreign.order_id = order_id;
    order.order = foreign.into();
    let record = Raw::new(&order_id.to_string(), Some(encode(&shop, &order)));
    let written = raw::write(&kafka, &names.topic(topics::ORDERS), record).await;
    let (entry, _) = shop.record::<InventoryShortage>(&order_id.to_string()).await;
    assert_eq!(entry.envelope.correlation_id, of_place(topics::ORDERS, &written).to_string());
    shop.close(&[template, Placed { order_id, becomes: State::OutOfStock }]).await;
}

/// The services with steps on a topic.
fn readers_of(topic: Topic) -> Vec<String> {
    let mut readers = Catalogue::load().unwrap().topics.remove(topic.name()).unwrap().read_by;
    readers.retain(|reader| SERVICES.contains(&reader.as_str()));
    readers
}

/// The dead letters of a service, once there are so many, oldest first.
async fn dead_letters(shop: &Shop, service: &str, count: usize) -> Vec<Raw> {
    let topic = shop.environment().names().dead_letters(service);
    let what = format!("{count} dead letters of {service}");
    eventually(&what, async || match raw::read(&shop.kafka(), &topic).await {
        letters if letters.len() == count => Ok(letters),
        letters => {
            Err(format!("{}: {:?}", letters.len(), letters.iter().map(|l| l.text(CODE)).collect::<Vec<_>>()))
        }
    })
    .await
}

/// Key, value and headers of the original, and where it was.
fn as_it_came(original: &Raw, letter: &Raw, topic: &str, group: &str) {
    assert_eq!((&letter.key, &letter.value), (&original.key, &original.value));
    assert_eq!(letter.headers[..original.headers.len()], original.headers);
    assert_eq!(letter.text("kafka_dlt-original-topic").as_deref(), Some(topic));
    assert_eq!(letter.text("kafka_dlt-original-consumer-group").as_deref(), Some(group));
    let partition: &[u8] = &original.partition.to_be_bytes();
    let offset: &[u8] = &original.offset.to_be_bytes();
    assert_eq!(letter.header("kafka_dlt-original-partition"), Some(partition));
    assert_eq!(letter.header("kafka_dlt-original-offset"), Some(offset));
}

/// A record as a foreign producer would frame it, under the id the shop uses.
fn encode<R: Record>(shop: &Shop, record: &R) -> Vec<u8> {
    let full_name = R::full_name();
    let like = shop.entries().into_iter().find(|entry| entry.envelope.kind == full_name).unwrap();
    let id = schema_id(&like.value).unwrap();
    let schema =
        schemas::all().unwrap().into_iter().find(|schema| schema.full_name == full_name).unwrap().schema;
    let mut codec = Codec::default();
    codec.allow_reading(id, Known { full_name: full_name.clone(), schema: schema.parse().unwrap() });
    codec.allow_writing(full_name, id);
    codec.encode(record).unwrap()
}

/// The id of a record that brings none.
fn of_place(topic: Topic, written: &Raw) -> Uuid {
    let (partition, offset) = (written.partition.to_string(), written.offset.to_string());
    orderflow::envelope::ids::from_parts(&[topic.name(), &partition, &offset])
}
