//! Servers: one set for the whole test binary, and others for tests that break theirs.

use orderflow_cli::{connection::Connection, environment::Options};
use orderflow_stack::{Binaries, Choice, Servers, build, prerequisites, servers::Origin};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

/// How many shops may run side by side: each is nine processes.
const SHOPS: usize = 2;

static SHARED: OnceCell<Servers> = OnceCell::const_new();
static PLACES: Semaphore = Semaphore::const_new(SHOPS);

/// The servers of the test binary, started by whoever needs them first. The stack ends them with this process.
pub async fn shared() -> &'static Servers {
    SHARED.get_or_init(async || start(Choice::from_env().unwrap()).await).await
}

/// The workspace's programs, built once.
pub async fn binaries() -> Binaries {
    build().await.unwrap()
}

/// The shared servers, but a Redis of one's own: it may be flushed and stopped.
pub async fn own_redis() -> Servers {
    let shared = shared().await;
    start(Choice { redis: of_ones_own(), ..given(shared) }).await
}

/// The shared servers, but a registry of one's own: it may be stopped.
pub async fn own_registry() -> Servers {
    let shared = shared().await;
    start(Choice { registry: of_ones_own(), ..given(shared) }).await
}

/// The shared servers, but a broker of one's own: it may be stopped.
pub async fn own_kafka() -> Servers {
    let shared = shared().await;
    start(Choice { kafka: of_ones_own(), ..given(shared) }).await
}

/// The shared servers, but a broker of one's own, which listens over TLS to a user as well. `None`, with the reason
/// printed, where none can be started as a child process.
pub async fn own_guarded_kafka() -> Option<Servers> {
    let needed = ["java", "mvn"];
    let missing = prerequisites().into_iter().find(|one| needed.contains(&one.name) && one.found.is_none());
    if let Some(missing) = missing {
        eprintln!("skipped: {}", missing.complaint().unwrap_or_default());
        return None;
    }
    let shared = shared().await;
    Some(start(Choice { kafka: Origin::Native, guarded: true, ..given(shared) }).await)
}

/// How these servers are reached.
#[must_use]
pub fn connection(servers: &Servers, prefix: &str) -> Connection {
    Options { prefix: prefix.to_owned(), ..Options::default() }.connection(servers).unwrap()
}

/// Has Redis forget everything.
pub async fn flush(servers: &Servers) {
    let client = connection(servers, "").servers.redis.client();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
}

/// The shared servers, but two brokers of one's own, each partition on both: one may be stopped.
pub async fn own_kafka_pair() -> Servers {
    let shared = shared().await;
    start(Choice { kafka: of_ones_own(), brokers: 2, ..given(shared) }).await
}

/// A place among the shops that may run now.
pub async fn place() -> SemaphorePermit<'static> {
    PLACES.acquire().await.unwrap()
}

/// Started as the shared ones are; where those are given, as a child process.
fn of_ones_own() -> Origin {
    Origin::of_ones_own().unwrap()
}

fn given(servers: &Servers) -> Choice {
    let given = |address: &str| Origin::Given(address.to_owned());
    Choice {
        kafka: given(&servers.kafka_bootstrap),
        redis: given(&servers.redis_url),
        registry: given(&servers.registry_url),
        ..Choice::native()
    }
}

async fn start(choice: Choice) -> Servers {
    Servers::start(choice).await.unwrap_or_else(|error| panic!("no servers: {error:#}"))
}
