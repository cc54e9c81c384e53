//! Dead letters in the formats of Spring Kafka, Kafka Connect and Kafka Streams.

use orderflow::schemas;
use orderflow_tests::{
    command::orderflow,
    raw::{self, Raw},
    servers,
};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn dead_letters_of_other_systems_tell_where_they_come_from_and_what_went_wrong() {
    let servers = servers::shared().await;
    let prefix = format!("t{}.", &Uuid::new_v4().simple().to_string()[..10]);
    let connection = servers::connection(servers, &prefix);
    let (kafka, topic) = (connection.kafka_config(), format!("{prefix}theirs-dlt"));
    create(&kafka, &topic).await;
    let (id, body) = breaker_moved(&connection, &prefix).await;
    let framed = [&[0], &id.to_be_bytes()[..], &body].concat();
    for record in [spring(&framed), connect(), streams()] {
        raw::write(&kafka, &topic, record).await;
    }

    let listed = orderflow(&connection, &["dlq", "list", "--topic", &topic]).await;
    let [spring, connect, streams] = &listed.as_array().unwrap()[..] else { panic!("{listed}") };
    let from = |topic: &str, partition: i32, offset: i64| json!({ "topic": topic, "partition": partition, "offset": offset });
    says(
        spring,
        "spring-kafka",
        &from("shop-orders", 7, 1 << 40),
        "java.lang.IllegalStateException",
        "no such SKU",
    );
    assert_eq!((&spring["by"], &spring["attempts"]), (&json!("stock-keeper"), &json!(3)));
    assert_eq!(spring["headers"]["retry_topic-original-timestamp"], json!(1_700_000_000_000_i64));
    assert_eq!((&spring["value"]["service"], &spring["key"]), (&json!("payment"), &json!("order-1")));
    let class = "org.apache.kafka.connect.errors.DataException";
    says(
        connect,
        "kafka-connect",
        &from("clicks", 12, 345),
        class,
        "Converting byte[] to Kafka Connect data failed",
    );
    assert_eq!((&connect["by"], &connect["value"]["half"]), (&json!("archive-sink"), &json!(true)));
    let class = "org.apache.kafka.common.errors.SerializationException";
    says(streams, "kafka-streams", &from("payments-in", 0, 99), class, "Size of data is not 8");
    assert_eq!(streams["value"], json!({ "bytes": 3 }));
}

fn says(letter: &Value, system: &str, from: &Value, exception: &str, message: &str) {
    assert_eq!((&letter["system"], &letter["from"]), (&json!(system), from), "{letter}");
    assert_eq!((&letter["exception"], &letter["message"]), (&json!(exception), &json!(message)), "{letter}");
}

fn with(record: Raw, headers: &[(&str, &[u8])]) -> Raw {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
    Raw { headers, ..record }
}

/// As `DeadLetterPublishingRecoverer` writes it behind `@RetryableTopic`.
fn spring(value: &[u8]) -> Raw {
    let fqcn = b"org.springframework.kafka.listener.ListenerExecutionFailedException";
    let time = 1_700_000_000_000_i64.to_be_bytes();
    with(
        Raw::new("order-1", Some(value.to_vec())),
        &[
            ("kafka_dlt-original-topic", b"shop-orders"),
            ("kafka_dlt-original-partition", &7_i32.to_be_bytes()),
            ("kafka_dlt-original-offset", &(1_i64 << 40).to_be_bytes()),
            ("kafka_dlt-original-timestamp", &time),
            ("kafka_dlt-original-timestamp-type", b"CreateTime"),
            ("kafka_dlt-original-consumer-group", b"stock-keeper"),
            ("kafka_dlt-exception-fqcn", fqcn),
            ("kafka_dlt-exception-cause-fqcn", b"java.lang.IllegalStateException"),
            ("kafka_dlt-exception-message", b"no such SKU"),
            (
                "kafka_dlt-exception-stacktrace",
                b"java.lang.IllegalStateException: no such SKU\n\tat Stock.java:7",
            ),
            ("retry_topic-attempts", &3_i32.to_be_bytes()),
            // `BigInteger.toByteArray`: as few bytes as it takes.
            ("retry_topic-original-timestamp", &time[2..]),
        ],
    )
}

/// As `DeadLetterQueueReporter` writes it: everything is text.
fn connect() -> Raw {
    with(
        Raw::new("click-1", Some(br#"{"half": true}"#.to_vec())),
        &[
            ("__connect.errors.topic", b"clicks"),
            ("__connect.errors.partition", b"12"),
            ("__connect.errors.offset", b"345"),
            ("__connect.errors.connector.name", b"archive-sink"),
            ("__connect.errors.task.id", b"0"),
            ("__connect.errors.stage", b"VALUE_CONVERTER"),
            ("__connect.errors.class.name", b"org.apache.kafka.connect.json.JsonConverter"),
            ("__connect.errors.exception.class.name", b"org.apache.kafka.connect.errors.DataException"),
            ("__connect.errors.exception.message", b"Converting byte[] to Kafka Connect data failed"),
            ("__connect.errors.exception.stacktrace", b"org.apache.kafka.connect.errors.DataException: ..."),
        ],
    )
}

/// As `ExceptionHandlerUtils.buildDeadLetterQueueRecord` writes it (KIP-1034): everything is text.
fn streams() -> Raw {
    with(
        Raw::new("p-1", Some(vec![1, 2, 3])),
        &[
            ("__streams.errors.exception", b"org.apache.kafka.common.errors.SerializationException"),
            ("__streams.errors.message", b"Size of data is not 8"),
            ("__streams.errors.stacktrace", b"org.apache.kafka.common.errors.SerializationException: ..."),
            ("__streams.errors.topic", b"payments-in"),
            ("__streams.errors.partition", b"0"),
            ("__streams.errors.offset", b"99"),
        ],
    )
}

async fn create(kafka: &ClientConfig, topic: &str) {
    let admin: AdminClient<DefaultClientContext> = kafka.create().unwrap();
    let topic = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    for created in admin.create_topics(&[topic], &AdminOptions::new()).await.unwrap() {
        created.unwrap();
    }
}

/// The registered id of a schema that has nothing but text and a time, and a body for it.
async fn breaker_moved(connection: &orderflow_cli::connection::Connection, prefix: &str) -> (u32, Vec<u8>) {
    let all = schemas::all().unwrap();
    let schema = all.into_iter().find(|schema| schema.full_name == "orderflow.audit.BreakerMoved").unwrap();
    let subject = format!("{prefix}theirs-value");
    let id = connection.registry().unwrap().register(&subject, &schema.schema).await.unwrap();
    let mut body = Vec::new();
    for text in ["payment", "payment-0", "gateway", "closed", "open", "five in a row"] {
        // A length is a zigzag number.
        body.push(u8::try_from(text.len() * 2).unwrap());
        body.extend_from_slice(text.as_bytes());
    }
    body.push(0);
    (id, body)
}
