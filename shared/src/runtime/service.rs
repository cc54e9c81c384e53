//! A service: what it is given, what it is made of, and its life from start to shutdown.

use std::{net::SocketAddr, process::ExitCode, sync::Arc, thread, time::Duration, time::Instant};

use anyhow::Context;
use async_trait::async_trait;
use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{net::TcpListener, runtime::Handle, sync::oneshot, task::JoinSet};
use tracing::{error, info, warn};

use super::{
    batch::Pace,
    consumer,
    engine::Engine,
    held::Held,
    hop::{self, Hop},
    lag::LagWatch,
    log::{self, Group, KafkaLog, transactional_id},
    publisher::Publisher,
    shutdown::Shutdown,
    start::{Connected, Rights, connect},
    tick::{self, Tick, Ticker},
    waiting::{Limits, Lines, Waiting},
    writer::Writer,
};
use crate::{
    breaker::{Breaker, Dependency, Policy, Trail},
    clock::Clock,
    config::Common,
    events::RecordType,
    fault::{Consequence, Fault},
    health::Health,
    operator,
    state::{
        State,
        rebuild::{Fold, Logged, Recovery},
    },
    step::Step,
    telemetry,
    topics::Topic,
};

/// How long a shutdown may take: finish the batch, commit, leave the group.
const SHUTDOWN: Duration = Duration::from_secs(10);
/// How often a service without input makes sure that its state is whole.
const VERIFY: Duration = Duration::from_secs(1);

/// A service being wired: what it is given, and what it is made of.
pub struct Service {
    name: &'static str,
    common: Common,
    connected: Connected,
    group: Option<Group>,
    state: State,
    clock: Clock,
    health: Health,
    publisher: Publisher,
    hops: Vec<Arc<dyn Hop>>,
    tickers: Vec<Arc<dyn Ticker>>,
    fold: Arc<dyn Fold>,
    servers: Vec<(SocketAddr, Router)>,
}

impl Service {
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
        let trail = Trail::start(self.publisher(), self.name, self.common.instance(), dependency.name);
        let listener = move |moved| trail.tell(moved);
        Breaker::new(dependency, Policy::default(), self.clock(), self.health(), listener)
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

    /// Adds a hop.
    #[must_use]
    pub fn step<S: Step>(mut self, step: S) -> Self {
        self.hops.push(hop::Typed::boxed(step, self.common.step_timeout));
        self
    }

    /// Adds deadlines.
    #[must_use]
    pub fn tick(mut self, tick: impl Tick) -> Self {
        self.tickers.push(tick::Typed::boxed(tick));
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

    fn inputs(&self) -> Vec<Topic> {
        let mut topics: Vec<Topic> =
            self.hops.iter().flat_map(|hop| hop.inputs()).map(|input| input.topic).collect();
        topics.extend(self.group.as_ref().filter(|_| !topics.is_empty()).map(|group| group.topics.retry));
        topics.sort_unstable();
        topics.dedup();
        topics
    }

    fn recovery(&self) -> Recovery {
        let log = KafkaLog {
            base: self.connected.base.clone(),
            names: self.common.names(),
            service: self.name,
            delivery: self.common.delivery,
            inputs: self.inputs(),
            codec: Arc::clone(&self.connected.codec),
            cluster: self.connected.cluster.clone(),
            group: self.group.clone(),
        };
        Recovery {
            state: self.state.clone(),
            fold: Arc::clone(&self.fold),
            log: Arc::new(log),
            clock: self.clock.clone(),
            instance: self.common.instance(),
        }
    }

    fn engine(self, shutdown: Shutdown) -> Result<Engine, Fault> {
        let names = self.common.names();
        let (group, instance) = (names.group(self.name), self.common.instance());
        let consumer = consumer::config(&self.connected.base, &group, &instance)
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
            recovery: self.recovery(),
            writer: Writer::new(&self.connected.base, self.common.delivery, &id),
            dead_letters: names.topic(topics.dead_letters),
            names,
            group,
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
            held: Held::default(),
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

/// Runs a service until SIGTERM or a fatal fault: the whole of a main. Exits non-zero after a fatal fault.
pub fn run<W, F>(name: &'static str, common: Common, wire: W) -> ExitCode
where
    W: FnOnce(Service) -> F,
    F: Future<Output = anyhow::Result<Service>>,
{
    match telemetry::start(common.log_format).and_then(|metrics| block_on(live(name, common, metrics, wire)))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            error!("{name} stops: {why:#}");
            eprintln!("{name}: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(life: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(life);
    runtime.shutdown_timeout(Duration::from_secs(1)); // blocking questions to Kafka are not waited for
    outcome
}

async fn live<W, F>(
    name: &'static str,
    common: Common,
    metrics: PrometheusHandle,
    wire: W,
) -> anyhow::Result<()>
where
    W: FnOnce(Service) -> F,
    F: Future<Output = anyhow::Result<Service>>,
{
    let (shutdown, health, clock) = (Shutdown::new(), Health::starting(), Clock::system());
    let mut tasks = JoinSet::new();
    let signals = shutdown.clone();
    tasks.spawn(async move { signals.on_signal().await.context("cannot listen for signals") });
    let routes = operator::routes(health.clone(), metrics, common.operator_token.clone());
    let routes = operator::with_faults(routes, &common, &clock);
    let operators = operator::bind(&common).await?;
    tasks.spawn(serve(operators, routes, shutdown.clone()));

    let rights = Rights::of(name)?;
    let connected = tokio::select! {
        connected = connect(&common, &rights) => connected?,
        () = shutdown.when_requested() => return Ok(()),
    };
    let service = wire(assemble(name, common, connected, &rights, clock, health.clone())?).await?;
    let outputs = service
        .hops
        .iter()
        .flat_map(|hop| hop.outputs())
        .chain(service.tickers.iter().flat_map(|t| t.outputs()));
    let inputs: Vec<RecordType> = service.hops.iter().flat_map(|hop| hop.inputs()).collect();
    rights.check(name, &inputs, &outputs.collect::<Vec<_>>())?;
    work(service, shutdown, &mut tasks, health).await
}

fn assemble(
    name: &'static str,
    common: Common,
    connected: Connected,
    rights: &Rights,
    clock: Clock,
    health: Health,
) -> anyhow::Result<Service> {
    let limits = Limits { waiting: common.waiting_limit, blocked: common.blocked_limit };
    let writes = rights.writes.iter().map(|(topic, name)| format!("orderflow.{topic}.{name}"));
    let (writes, ordered) = (writes.collect(), rights.ordered.clone());
    Ok(Service {
        group: rights.group.map(|topics| Group { topics, ordered, writes, limits }),
        state: State::new(connected.redis.clone(), common.names().keys(name)),
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
    })
}

/// From wired to stopped.
async fn work(
    mut service: Service,
    shutdown: Shutdown,
    tasks: &mut JoinSet<anyhow::Result<()>>,
    health: Health,
) -> anyhow::Result<()> {
    tokio::select! {
        begun = begin(service.recovery(), &health) => begun?,
        () = shutdown.when_requested() => return Ok(()),
    }
    for (address, routes) in std::mem::take(&mut service.servers) {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        info!(address = %listener.local_addr()?, "listening");
        tasks.spawn(serve(listener, routes, shutdown.clone()));
    }
    info!(service = service.name, instance = service.common.instance(), "started");
    let (done, finished) = oneshot::channel();
    if service.hops.is_empty() {
        health.settled("starting");
        let guard = guard(service.recovery(), health.clone(), shutdown.clone());
        tasks.spawn(async move {
            let _ = done.send(guard.await); // nobody listens once the service has stopped
            Ok(())
        });
    } else {
        let engine = service.engine(shutdown.clone())?;
        thread::Builder::new().name("loop".to_owned()).spawn(move || {
            let _ = done.send(engine.run());
        })?;
    }
    until_finished(finished, shutdown, tasks).await
}

/// Waits for the loop to end, by itself or by request, and for the HTTP servers to finish what they have begun.
async fn until_finished(
    mut finished: oneshot::Receiver<Result<(), Fault>>,
    shutdown: Shutdown,
    tasks: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let early = tokio::select! {
        outcome = &mut finished => Some(outcome),
        () = shutdown.when_requested() => None,
    };
    shutdown.request();
    let rest = async {
        let outcome = match early {
            Some(outcome) => outcome,
            None => finished.await,
        };
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        outcome.context("the loop panicked")?.map_err(anyhow::Error::from)
    };
    match tokio::time::timeout(SHUTDOWN, rest).await {
        Ok(outcome) => {
            info!("stopped");
            outcome
        }
        Err(_) => anyhow::bail!("shutdown took longer than {} s", SHUTDOWN.as_secs()),
    }
}

async fn begin(recovery: Recovery, health: &Health) -> anyhow::Result<()> {
    loop {
        match recovery.begin().await {
            Ok(()) => return Ok(()),
            Err(fault) if fault.consequence() == Consequence::Fatal => return Err(fault.into()),
            Err(fault) => {
                health.concern("starting", fault.to_string());
                warn!(%fault, "cannot take up the state yet");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

/// Watches over the state of a service that has no input; its handlers fail closed meanwhile.
async fn guard(recovery: Recovery, health: Health, shutdown: Shutdown) -> Result<(), Fault> {
    let watch = async {
        loop {
            tokio::time::sleep(VERIFY).await;
            let checked = match recovery.state.verify().await {
                Err(fault) if fault.consequence() == Consequence::Lost => {
                    health.concern("state", "rebuilding the state from the log");
                    recovery.recover().await
                }
                checked => checked,
            };
            match checked {
                Ok(()) => ["state", "dependency"].into_iter().for_each(|name| health.settled(name)),
                Err(fault) if fault.consequence() == Consequence::Fatal => return Err(fault),
                Err(fault) => health.concern("dependency", fault.to_string()),
            }
        }
    };
    tokio::select! {
        stopped = watch => stopped,
        () = shutdown.when_requested() => Ok(()),
    }
}

async fn serve(listener: TcpListener, routes: Router, shutdown: Shutdown) -> anyhow::Result<()> {
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, routes)
        .with_graceful_shutdown(async move { shutdown.when_requested().await })
        .await?)
}
