//! A service's life: from start, through wiring and work, to shutdown.

use std::{net::SocketAddr, process::ExitCode, thread, time::Duration};

use anyhow::Context;
use axum::Router;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet};
use tracing::{error, info, warn};

use super::{
    service::Service,
    shutdown::Shutdown,
    start::{Rights, connect},
};
use crate::{
    clock::Clock,
    config::Common,
    events::RecordType,
    fault::{Consequence, Fault},
    faults::plant,
    health::Health,
    operator,
    state::rebuild::Recovery,
    telemetry::{self, Exporter, Instruments},
};

/// How long a shutdown may take: finish the batch, commit, leave the group.
const SHUTDOWN: Duration = Duration::from_secs(10);
/// How often a service without input makes sure that its state is whole.
const VERIFY: Duration = Duration::from_secs(1);

/// Runs a service until SIGTERM or a fatal fault: the whole of a main. Exits non-zero after a fatal fault.
pub fn run<W, F>(name: &'static str, common: Common, wire: W) -> ExitCode
where
    W: FnOnce(Service) -> F,
    F: Future<Output = anyhow::Result<Service>>,
{
    let begun = telemetry::start(&common).and_then(|instruments| {
        plant::announce()?;
        block_on(traced(name, common, instruments, wire))
    });
    match begun {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            error!("{name} stops: {why:#}");
            eprintln!("{name}: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(life: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers()).enable_all().build()?;
    let outcome = runtime.block_on(life);
    runtime.shutdown_timeout(Duration::from_secs(1)); // blocking questions to Kafka are not waited for
    outcome
}

/// Half of the cores and at most four: the loop and Kafka's client have threads of their own, and on few cores every
/// further one only adds switches between them.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4))
}

/// A life whose spans are exported; the last of them after all else has ended.
async fn traced<W, F>(
    name: &'static str,
    common: Common,
    instruments: Instruments,
    wire: W,
) -> anyhow::Result<()>
where
    W: FnOnce(Service) -> F,
    F: Future<Output = anyhow::Result<Service>>,
{
    let clock = Clock::system();
    let exporter = Exporter::start(&common.traces, name, &common.instance(), &clock)?;
    let outcome = live(name, common, instruments, clock, wire).await;
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    outcome
}

async fn live<W, F>(
    name: &'static str,
    common: Common,
    instruments: Instruments,
    clock: Clock,
    wire: W,
) -> anyhow::Result<()>
where
    W: FnOnce(Service) -> F,
    F: Future<Output = anyhow::Result<Service>>,
{
    let (shutdown, health) = (Shutdown::new(), Health::starting());
    let mut tasks = JoinSet::new();
    let signals = shutdown.clone();
    tasks.spawn(async move { signals.on_signal().await.context("cannot listen for signals") });
    let routes = operator::routes(health.clone(), instruments, common.operator_token.clone());
    let routes = operator::with_faults(routes, &common, &clock);
    let operators = operator::bind(&common).await?;
    tasks.spawn(serve(operators, routes, shutdown.clone()));

    let rights = Rights::of(name)?;
    let connected = tokio::select! {
        connected = connect(&common, &rights) => connected?,
        () = shutdown.when_requested() => return Ok(()),
    };
    let wiring = wire(Service::assemble(name, common, connected, &rights, clock, health.clone())?);
    // It may wait for a topic's end, or for a store.
    let service = tokio::select! {
        wired = wiring => wired?,
        () = shutdown.when_requested() => return Ok(()),
    };
    let outputs = service
        .hops
        .iter()
        .flat_map(|hop| hop.outputs())
        .chain(service.tickers.iter().flat_map(|t| t.outputs()));
    let inputs: Vec<RecordType> = service.hops.iter().flat_map(|hop| hop.inputs()).collect();
    rights.check(name, &inputs, &outputs.collect::<Vec<_>>())?;
    work(service, shutdown, &mut tasks, health).await
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
