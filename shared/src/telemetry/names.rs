//! What attributes of spans are called: OpenTelemetry's semantic conventions
//! (<https://opentelemetry.io/docs/specs/semconv/>) where they have a word, else below `orderflow`.

/// `kafka`.
pub const SYSTEM: &str = "messaging.system";
/// `send`, `receive` or `process`.
pub const OPERATION: &str = "messaging.operation.name";
/// The same, as the conventions class it.
pub const OPERATION_TYPE: &str = "messaging.operation.type";
/// The topic.
pub const DESTINATION: &str = "messaging.destination.name";
/// The partition.
pub const PARTITION: &str = "messaging.destination.partition.id";
/// The offset.
pub const OFFSET: &str = "messaging.kafka.offset";
/// The group that reads.
pub const GROUP: &str = "messaging.consumer.group.name";
/// The record's key.
pub const KEY: &str = "messaging.kafka.message.key";
/// The event's id: the same for a repeat.
pub const MESSAGE: &str = "messaging.message.id";
/// The correlation id of the request that began it all.
pub const CONVERSATION: &str = "messaging.message.conversation_id";
/// How many records share a span.
pub const BATCH: &str = "messaging.batch.message_count";
/// The record type.
pub const EVENT_TYPE: &str = "cloudevents.event_type";
/// The step that was asked.
pub const STEP: &str = "orderflow.step";
/// Whether the record was put aside before: it was given up, or has waited behind one that was.
pub const AGAIN: &str = "orderflow.again";
/// The stable code of the fault, or the status that stands for one.
pub const ERROR: &str = "error.type";

/// The request's method.
pub const METHOD: &str = "http.request.method";
/// The route that answers; never the path, which may name somebody.
pub const ROUTE: &str = "http.route";
/// The answer's status.
pub const STATUS: &str = "http.response.status_code";
/// The path that was asked for, with what names one thing left out.
pub const TEMPLATE: &str = "url.template";
/// Who was asked.
pub const SERVER: &str = "server.address";
/// On which port.
pub const SERVER_PORT: &str = "server.port";

/// `redis`.
pub const DB_SYSTEM: &str = "db.system.name";
/// The command.
pub const DB_OPERATION: &str = "db.operation.name";
/// The script, by the hash Redis knows it by.
pub const DB_SCRIPT: &str = "db.stored_procedure.name";

/// The version of the model that was run.
pub const MODEL_VERSION: &str = "orderflow.model.version";
/// How many orders it was run for.
pub const MODEL_ORDERS: &str = "orderflow.model.orders";
