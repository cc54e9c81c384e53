//! A service being wired: what it is given, and what it is made of. Its life is in `life.rs`.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use axum::Router;
use tokio::runtime::Handle;

use super::{
    batch::Pace,
    consumer,
    contract::REGISTRY,
    engine::Engine,
    following::{self, Followed},
    held::Held,
    hop::{self, Hop},
    lag::LagWatch,
    lobby::Lobby,
    log::{self, Group, KafkaLog, transactional_id},
    publisher::Publisher,
    shutdown::Shutdown,
    start::{Connected, Rights},
    stop_limit::StopLimit,
    teller::Teller,
    tick::{self, Tick, Ticker},
    traced::Reader,
    waiting::{Limits, Lines, Waiting},
    writer::Writer,
};
use crate::{
    breaker::{Breaker, Dependency, Policy, Trail},
    clock::Clock,
    config::Common,
    events::Record,
    fault::Fault,
    health::Health,
    state::{
        REDIS, REDIS_POLICY, State,
        rebuild::{Fold, Logged, Recovery},
    },
    step::Step,
    topics::Topic,
};

/// How long a record that no order waits for may wait for company, while orders go past it.
const LOBBY: Duration = Duration::from_millis(200);
/// For how long the broker gathers, where no order waits for anything of a service.
const GATHER: Duration = Duration::from_millis(50);
/// What the broker gathers, where it does, in bytes, unless `fetch.wait.max.ms` is over before.
const GATHERED: &str = "65536";

/// A service being wired: what it is given, and what it is made of.
pub struct Service {
    pub(super) name: &'static str,
    pub(super) common: Common,
    connected: Connected,
    group: Option<Group>,
    state: State,
    clock: Clock,
    health: Health,
    publisher: Publisher,
    pub(super) hops: Vec<Arc<dyn Hop>>,
    pub(super) tickers: Vec<Arc<dyn Ticker>>,
    fold: Arc<dyn Fold>,
    pub(super) servers: Vec<(SocketAddr, Router)>,
    gather: Duration,
}

impl Service {
    /// A service with nothing in it yet.
    pub(super) fn assemble(
        name: &'static str,
        common: Common,
        connected: Connected,
        rights: &Rights,
        clock: Clock,
        health: Health,
    ) -> anyhow::Result<Self> {
        let limits = Limits { waiting: common.waiting_limit, blocked: common.blocked_limit };
        let writes = rights.writes.iter().map(|(topic, name)| format!("orderflow.{topic}.{name}"));
        let (writes, ordered) = (writes.collect(), rights.ordered.clone());
        // Every service needs both, and few may write `audit`: log, metrics and readiness tell of their moves.
        let guard =
            |dependency, policy| Breaker::new(dependency, policy, clock.clone(), health.clone(), |_| {});
        let late_comers = connected.late_comers.guarded(guard(REGISTRY, Policy::default()));
        let connected = Connected { late_comers, ..connected };
        let state = State::new(connected.redis.clone(), common.names().keys(name));
        Ok(Self {
            group: rights.group.map(|topics| Group { topics, ordered, writes, limits }),
            state: state.guarded(guard(REDIS, REDIS_POLICY)),
            publisher: Publisher::new(connected.base.clone(), Arc::clone(&connected.codec), common.names())?,
            name,
            common,
            connected,
            clock,
            health,
            hops: Vec::new(),
            tickers: Vec::new(),
            fold: Arc::new(Nothing),
            servers: Vec::new(),
            gather: GATHER,
        })
    }

    /// The service's state in Redis.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.clone()
    }

    /// The clock to ask for the time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Publishes commands and facts that come from outside, such as an HTTP request.
    #[must_use]
    pub fn publisher(&self) -> Publisher {
        self.publisher.clone()
    }

    /// Tells readiness what stands in the way.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// A breaker around something outside; log, metrics, readiness and `audit` hear of its moves.
    #[must_use]
    pub fn breaker(&self, dependency: Dependency) -> Breaker {
        let (service, instance) = (self.name, self.common.instance());
        let trail = Trail { teller: self.teller(), service, instance, breaker: dependency.name };
        let listener = move |moved| trail.tell(moved);
        Breaker::new(dependency, Policy::default(), self.clock(), self.health(), listener)
    }

    /// Tells of things no order waits for, in the background. `schemas/topics.yaml` must let the service write them.
    #[must_use]
    pub fn teller<R: Record>(&self) -> Teller<R> {
        Teller::start(self.publisher(), self.name)
    }

    /// Which instance of the service this is.
    #[must_use]
    pub fn instance(&self) -> String {
        self.common.instance()
    }

    /// The Kafka client settings every client of this service begins with.
    #[must_use]
    pub fn kafka(&self) -> rdkafka::ClientConfig {
        self.connected.base.clone()
    }

    /// Decodes records outside a step, such as those of a compacted topic that is followed.
    #[must_use]
    pub fn codec(&self) -> Arc<crate::codec::Codec> {
        Arc::clone(&self.connected.codec)
    }

    /// Follows a compacted topic outside the group: every instance knows all of it. Told anew with each change; nothing
    /// is told before all that was on it at first is read.
    ///
    /// # Errors
    /// `Fatal` when there is no thread to be had.
    pub fn follow<R: Record>(&self) -> Result<Followed<R>, Fault> {
        following::follow(self.log(), self.connected.late_comers.clone(), self.health())
    }

    /// Adds a hop.
    #[must_use]
    pub fn step<S: Step>(mut self, step: S) -> Self {
        self.hops.push(hop::Typed::boxed(step, self.common.step_timeout, self.reader()));
        self
    }

    /// Adds deadlines.
    #[must_use]
    pub fn tick(mut self, tick: impl Tick) -> Self {
        self.tickers.push(tick::Typed::boxed(tick));
        self
    }

    /// For how long the broker gathers records, where all steps [gather](Step::GATHERS): 50 ms, unless said otherwise.
    #[must_use]
    pub fn gathering_for(mut self, time: Duration) -> Self {
        self.gather = time;
        self
    }

    /// Says how the state follows from the log.
    #[must_use]
    pub fn fold(mut self, fold: impl Fold) -> Self {
        self.fold = Arc::new(fold);
        self
    }

    /// Serves HTTP at this address, until shutdown; requests in flight are finished.
    #[must_use]
    pub fn serve(mut self, listen: SocketAddr, routes: Router) -> Self {
        self.servers.push((listen, routes));
        self
    }

    fn reader(&self) -> Reader {
        let names = self.common.names();
        Reader { group: names.group(self.name), names }
    }

    fn inputs(&self) -> Vec<Topic> {
        let mut topics: Vec<Topic> =
            self.hops.iter().flat_map(|hop| hop.inputs()).map(|input| input.topic).collect();
        topics.extend(self.group.as_ref().filter(|_| !topics.is_empty()).map(|group| group.topics.retry));
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    fn log(&self) -> KafkaLog {
        KafkaLog {
            base: self.connected.base.clone(),
            names: self.common.names(),
            service: self.name,
            delivery: self.common.delivery,
            inputs: self.inputs(),
            codec: Arc::clone(&self.connected.codec),
            cluster: self.connected.cluster.clone(),
            group: self.group.clone(),
        }
    }

    pub(super) fn recovery(&self) -> Recovery {
        Recovery {
            state: self.state.clone(),
            fold: Arc::clone(&self.fold),
            log: Arc::new(self.log()),
            clock: self.clock.clone(),
            instance: self.common.instance(),
        }
    }

    pub(super) fn engine(self, shutdown: Shutdown) -> Result<Engine, Fault> {
        let names = self.common.names();
        let (group, instance) = (names.group(self.name), self.common.instance());
        let mut config = consumer::config(&self.connected.base, &group, &instance);
        // Where nothing is urgent, the broker can do the gathering; where something is, as far as an operator wants it.
        let (gather, lobby) = if self.hops.iter().all(|hop| hop.gathers()) {
            (self.gather, Duration::ZERO)
        } else {
            (self.common.batch_linger, LOBBY)
        };
        if !gather.is_zero() {
            config.set("fetch.min.bytes", GATHERED);
            config.set("fetch.wait.max.ms", gather.as_millis().to_string());
        }
        let consumer = config
            .create_with_context(consumer::Watch::default())
            .map_err(|error| Fault::fatal("kafka_client", "cannot make a Kafka consumer").caused_by(error))?;
        let id = transactional_id(&names, self.name, &instance);
        let unknown =
            || Fault::fatal("unknown_group", format!("{} has no topics of its own group", self.name));
        let Group { topics, ordered, limits, .. } = self.group.clone().ok_or_else(unknown)?;
        let lines = Lines { state: self.state.clone(), limits };
        Ok(Engine {
            waiting: Waiting::new(topics, ordered, lines, log::reader(&self.connected.base, &group)),
            inputs: self.inputs(),
            reader: self.reader(),
            recovery: self.recovery(),
            writer: Writer::new(&self.connected.base, self.common.delivery, &id),
            names,
            group,
            routes: hop::routes(&self.hops),
            hops: self.hops,
            tickers: self.tickers,
            codec: self.connected.codec,
            late_comers: self.connected.late_comers,
            consumer,
            state: self.state,
            clock: self.clock,
            health: self.health,
            shutdown,
            handle: Handle::current(),
            retry_limit: self.common.retry_limit,
            pace: Pace::new(self.common.batch_max as usize),
            lobby: Lobby::new(lobby),
            held: Held::default(),
            stop_limit: StopLimit::new(self.common.dead_letters.limit()),
            lag: LagWatch::default(),
            epoch: 0,
            astray: false,
            chores_at: Instant::now(),
            fences: 0,
        })
    }
}

/// The fold of a service that keeps nothing.
struct Nothing;

#[async_trait]
impl Fold for Nothing {
    fn sources(&self) -> Vec<Topic> {
        Vec::new()
    }

    async fn fold(&self, _: &State, _: &[Logged<'_>]) -> Result<(), Fault> {
        Ok(())
    }
}
