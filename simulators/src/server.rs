//! Listening, the routes both simulators share, and stopping.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower_http::catch_panic::CatchPanicLayer;

use crate::book::Simulator;
use crate::call::Call;
use crate::desk::Desk;
use crate::faults::{BadSetting, FaultSettings, changed};
use crate::reply::{Refusal, Reply};

/// The largest body, in bytes. The largest sensible request is a hundredth of it.
pub const BODY_LIMIT: usize = 64 * 1024;

/// What is in flight at SIGTERM has this long.
const GRACE: Duration = Duration::from_secs(10);

/// The simulator's own routes with the shared ones around them.
pub fn router<S: Simulator>(desk: Arc<Desk<S>>, own: Router<Arc<Desk<S>>>) -> Router {
    own.route("/ledger", get(ledger::<S>))
        .route("/faults", get(faults::<S>).put(replace_faults::<S>).patch(change_faults::<S>))
        .route("/health/ready", get(ready::<S>))
        .route("/health/live", get(async || Reply::ok(&json!({"status": "live"})).respond(false)))
        .fallback(unknown::<S>)
        .method_not_allowed_fallback(unknown::<S>)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::new())
        .with_state(desk)
}

/// Listens, prints `<name> listening on http://<address>`, and serves until SIGTERM or Ctrl-C;
/// then finishes what is in flight.
///
/// # Errors
/// When the address is taken, or when the ledger can no longer be written.
pub async fn serve<S: Simulator>(
    name: &str,
    listen: SocketAddr,
    desk: Arc<Desk<S>>,
    own: Router<Arc<Desk<S>>>,
) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    announce(name, listener.local_addr()?)?;

    let stopper = desk.clone();
    let stopped = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what is in flight");
        stopper.stop();
    };
    let server = axum::serve(listener, router(desk.clone(), own)).with_graceful_shutdown(stopped);
    tokio::select! {
        served = server => served.context("serving failed"),
        broken = desk.broken() => Err(broken.into()),
        () = grace_over(&desk) => {
            tracing::warn!("some connections did not end in time");
            Ok(())
        }
    }
}

/// The one line on standard output: whoever starts this process reads the address from it.
fn announce(name: &str, address: SocketAddr) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{name} listening on http://{address}")?;
    out.flush()
}

async fn grace_over<S: Simulator>(desk: &Desk<S>) {
    desk.stopped().await;
    tokio::time::sleep(GRACE).await;
}

#[derive(Deserialize)]
struct Page {
    /// Only lines behind this one.
    #[serde(default)]
    after: usize,
}

async fn ledger<S: Simulator>(
    State(desk): State<Arc<Desk<S>>>,
    page: Result<Query<Page>, QueryRejection>,
) -> Response {
    match page {
        Ok(Query(page)) => {
            desk.inspect(|book| Reply::ok(&book.records().iter().skip(page.after).collect::<Vec<_>>())).await
        }
        Err(rejection) => {
            desk.refuse(&Refusal::Invalid { field: "after".into(), message: rejection.body_text() })
        }
    }
}

async fn ready<S: Simulator>(State(desk): State<Arc<Desk<S>>>) -> Response {
    if desk.is_stopping() {
        return Reply::json(StatusCode::SERVICE_UNAVAILABLE, &json!({"status": "stopping"})).respond(false);
    }
    // Waits for the last line: a ledger that cannot be written is not ready.
    desk.inspect(|book| {
        let (lines, in_progress) = (book.last_sequence(), desk.in_progress());
        Reply::ok(&json!({"status": "ready", "lines": lines, "in_progress": in_progress}))
    })
    .await
}

async fn unknown<S: Simulator>(State(desk): State<Arc<Desk<S>>>) -> Response {
    desk.refuse(&Refusal::UnknownRoute)
}

async fn faults<S: Simulator>(State(desk): State<Arc<Desk<S>>>) -> Response {
    Reply::ok(&desk.faults()).respond(false)
}

async fn replace_faults<S: Simulator>(State(desk): State<Arc<Desk<S>>>, call: Call) -> Response {
    set_faults(&desk, &call, &S::Faults::default())
}

async fn change_faults<S: Simulator>(State(desk): State<Arc<Desk<S>>>, call: Call) -> Response {
    set_faults(&desk, &call, &desk.faults())
}

fn set_faults<S: Simulator>(desk: &Desk<S>, call: &Call, base: &S::Faults) -> Response {
    let faults = call
        .request::<Map<String, Value>>()
        .and_then(|changes| changed(base, &changes).map_err(|bad| invalid(&bad)));
    match faults {
        Ok(faults) => {
            tracing::info!(faults = %json!(faults), "fault switches changed");
            desk.set_faults(faults.clone());
            Reply::ok(&faults).respond(false)
        }
        Err(refusal) => desk.refuse(&refusal),
    }
}

fn invalid(bad: &[BadSetting]) -> Refusal {
    let named = |bad: &BadSetting| format!("{}: {}", bad.field, bad.message);
    Refusal::Invalid {
        field: bad.iter().map(|bad| bad.field.as_str()).collect::<Vec<_>>().join(", "),
        message: bad.iter().map(named).collect::<Vec<_>>().join("; "),
    }
}

/// Reads fault switches given as JSON on the command line.
///
/// # Errors
/// A sentence that names what is wrong.
pub fn parse_faults<T: FaultSettings>(text: &str) -> Result<T, String> {
    let changes: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))?;
    changed(&T::default(), &changes).map_err(|bad| match invalid(&bad) {
        Refusal::Invalid { message, .. } => message,
        other => format!("{other:?}"),
    })
}

/// Ends a process: a failure is one line on standard error, without a backtrace.
#[must_use]
pub fn exit(name: &str, result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to standard error; `RUST_LOG` sets the level, `info` when it is not set.
pub fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}
