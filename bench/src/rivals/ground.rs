//! What all contestants stand on: the servers, and for each turn topics and schemas of its own.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use orderflow::{
    clock::Clock,
    codec::Codec,
    events::{
        InventoryReserved, InventoryShipped, LabelDocumentStored, OrderFraudDetected, OrderPlaced,
        OrderValidatedForFraud, PaymentProcessed, Record, ShippingLabelGenerated, StockAdjusted,
    },
    runtime::contract::resolve,
    sealed::{DataKey, MasterKey},
    topics::Topic,
};
use orderflow_cli::{
    connection::Connection,
    environment::{Options, prepare},
};
use orderflow_stack::{Choice, Servers};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::hops::shipping::DATA_KEY;

/// The servers and the key that seals.
pub struct Ground {
    pub servers: Servers,
    pub folder: TempDir,
    pub key: DataKey,
    pub key_id: Uuid,
}

/// Every record type that a contestant reads or writes, or that is put there for it.
pub fn contract() -> Vec<(Topic, String)> {
    fn of<R: Record>() -> (Topic, String) {
        (R::TOPIC, R::NAME.to_owned())
    }
    vec![
        of::<OrderPlaced>(),
        of::<OrderValidatedForFraud>(),
        of::<OrderFraudDetected>(),
        of::<InventoryReserved>(),
        of::<InventoryShipped>(),
        of::<PaymentProcessed>(),
        of::<ShippingLabelGenerated>(),
        of::<LabelDocumentStored>(),
        of::<StockAdjusted>(),
    ]
}

impl Ground {
    /// Starts the servers, as processes whose CPU can be told apart.
    pub async fn start() -> Result<Self> {
        let servers = Servers::start(Choice { is_long_run: true, ..Choice::native() }).await?;
        let folder = tempfile::tempdir().context("making a folder to run in")?;
        let master = folder.path().join("master.key");
        fs::write(&master, Uuid::new_v4().simple().to_string().repeat(2)).context("writing a key")?;
        let master = MasterKey::from_file(&master)?;
        let wrapped = master.new_data_key("bench", Clock::system().now())?;
        fs::write(folder.path().join("data-key.json"), serde_json::to_vec(&wrapped)?)?;
        Ok(Self { servers, folder, key: master.unwrap_key(&wrapped)?, key_id: wrapped.key_id })
    }

    /// The machine, without its name.
    pub fn describe(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kilobytes = memory.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok());
        let gigabytes = kilobytes.unwrap_or_default() / 1_000_000;
        format!("{cores} cores, {gigabytes} GB of memory, shared by broker, contestants, load and sink")
    }

    /// What every hop of Orderflow finds in its folder.
    pub fn key_variables(&self) -> Vec<(String, String)> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        vec![("MASTER_KEY_FILE".to_owned(), file("master.key")), (DATA_KEY.to_owned(), file("data-key.json"))]
    }

    /// Topics, schemas and an empty Redis for one turn.
    pub async fn field(&self, partitions: i32) -> Result<Field> {
        let prefix = format!("b{}.", &Uuid::new_v4().simple().to_string()[..8]);
        let options = Options { prefix, partitions: Some(partitions), ..Options::default() };
        let place = options.connection(&self.servers)?;
        let mut redis = place.servers.redis.client().get_multiplexed_async_connection().await?;
        // What a turn leaves takes longer to free than a client waits for an answer.
        let () =
            redis::cmd("FLUSHALL").arg("ASYNC").query_async(&mut redis).await.context("emptying Redis")?;
        prepare(&place, &options).await?;
        let codec = resolve(&place.registry()?, &place.names(), &[], &contract()).await?;
        let folder = self.folder.path().join(place.prefix.trim_end_matches('.'));
        fs::create_dir_all(&folder)?;
        Ok(Field { place, codec: Arc::new(codec), folder: folder.into(), partitions })
    }
}

/// A turn's own topics.
pub struct Field {
    pub place: Connection,
    pub codec: Arc<Codec>,
    pub folder: Box<Path>,
    pub partitions: i32,
}

impl Field {
    /// What Kafka clients begin with.
    pub fn kafka(&self) -> ClientConfig {
        self.place.kafka_config()
    }

    /// What Redis holds now, in MB. Its process tells nothing of that: it keeps memory from the turns before.
    pub fn redis_holds(&self) -> Result<u64> {
        let mut redis = self.place.servers.redis.client().get_connection()?;
        let text: String = redis::cmd("INFO").arg("memory").query(&mut redis)?;
        Ok(used_memory(&text).context("Redis does not tell its memory")? / 1_000_000)
    }

    /// The name of a topic.
    pub fn topic(&self, topic: Topic) -> String {
        self.place.names().topic(topic)
    }

    /// `full.name=id,…` of every record type.
    pub fn schema_ids(&self) -> Result<String> {
        let ids = contract().into_iter().map(|(topic, name)| {
            let full_name = format!("orderflow.{topic}.{name}");
            Ok(format!("{full_name}={}", self.codec.writer_id(&full_name)?))
        });
        Ok(ids.collect::<Result<Vec<String>>>()?.join(","))
    }

    /// Removes its topics, also those that contestants have made for themselves, and its files: the disk is small, and
    /// brokers with many partitions are slow.
    pub async fn clear(&self) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.kafka().create()?;
        let wait = std::time::Duration::from_secs(30);
        let metadata = admin.inner().fetch_metadata(None, wait)?;
        let names: Vec<&str> = metadata.topics().iter().map(|topic| topic.name()).collect();
        let own: Vec<&str> = names.into_iter().filter(|name| name.starts_with(&self.place.prefix)).collect();
        let options = AdminOptions::new().operation_timeout(Some(wait));
        let deleted = admin.delete_topics(&own, &options).await?;
        ensure!(deleted.iter().all(Result::is_ok), "topics of a turn cannot be removed: {deleted:?}");
        let folder = &self.folder;
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))
    }
}

fn used_memory(info: &str) -> Option<u64> {
    info.lines().find_map(|line| line.strip_prefix("used_memory:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_tells_what_it_holds() {
        let info = "# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\nused_memory_rss:9\r\n";
        assert_eq!(used_memory(info), Some(1_048_576));
        assert_eq!(used_memory("# Memory\r\n"), None);
    }
}
