//! The operator endpoints: health, readiness, metrics, the log's level. On loopback, or behind a bearer token.

use anyhow::{Context, bail};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    config::Common,
    health::{Health, Readiness},
    telemetry::{Instruments, Levels},
};

/// Binds the operator endpoints.
///
/// # Errors
/// When the address is not loopback and there is no token, or it cannot be bound.
pub async fn bind(common: &Common) -> anyhow::Result<TcpListener> {
    let address = common.operator_listen;
    if !address.ip().is_loopback() && common.operator_token.is_none() {
        bail!("--operator-listen {address} is not loopback: set OPERATOR_TOKEN, or listen on 127.0.0.1");
    }
    let listener = TcpListener::bind(address);
    listener.await.with_context(|| format!("cannot listen on {address} for operators (--operator-listen)"))
}

/// The endpoints every service has. Health and readiness stay open for probes.
pub fn routes(health: Health, instruments: Instruments, token: Option<SecretString>) -> Router {
    let Instruments { metrics, levels } = instruments;
    let guarded = Router::new()
        .route("/metrics", get(|| async move { metrics.render() }))
        .route("/log-level", get(level).put(set_level))
        .with_state(levels)
        .layer(middleware::from_fn_with_state(token, authorise));
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .with_state(health)
        .merge(guarded)
}

async fn level(State(levels): State<Levels>) -> String {
    levels.get() + "\n"
}

/// Takes directives as `RUST_LOG` has them, such as `info,payment=debug`; until the process ends.
async fn set_level(State(levels): State<Levels>, directives: String) -> Response {
    let (before, after) = (levels.get(), directives.trim());
    match levels.set(after) {
        Ok(()) => {
            tracing::warn!(before, after, "the log's level was changed");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(mistake) => (StatusCode::UNPROCESSABLE_ENTITY, mistake + "\n").into_response(),
    }
}

async fn live(State(health): State<Health>) -> Response {
    let (code, status) =
        if health.is_live() { (StatusCode::OK, "live") } else { (StatusCode::SERVICE_UNAVAILABLE, "hangs") };
    (code, Json(json!({ "status": status }))).into_response()
}

async fn ready(State(health): State<Health>) -> Response {
    let (readiness, concerns) = health.readiness();
    let (code, status) = match readiness {
        Readiness::Ready => (StatusCode::OK, "ready"),
        Readiness::Degraded => (StatusCode::OK, "degraded"), // still worth sending work to
        Readiness::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    (code, Json(json!({ "status": status, "concerns": concerns }))).into_response()
}

/// Lets a request through that carries the token, or any where none is asked for.
pub async fn authorise(State(token): State<Option<SecretString>>, request: Request, next: Next) -> Response {
    if token.is_none_or(|token| carries(request.headers(), &token)) {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, [("www-authenticate", "Bearer")], "operators only: send the bearer token\n")
        .into_response()
}

fn carries(headers: &HeaderMap, token: &SecretString) -> bool {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let expected = token.expose_secret().as_bytes();
    sent.is_some_and(|sent| {
        aws_lc_rs::constant_time::verify_slices_are_equal(sent.as_bytes(), expected).is_ok()
    })
}

/// With the feature `faults` and on loopback only: the clock's offset and the kill points, for tests.
#[cfg(feature = "faults")]
pub fn with_faults(routes: Router, common: &Common, clock: &crate::clock::Clock) -> Router {
    use axum::routing::post;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Offset {
        offset_seconds: i64,
    }
    #[derive(Deserialize)]
    struct Point {
        point: String,
        passes: u32,
        #[serde(default = "kill")]
        action: crate::faults::Action,
    }
    #[derive(Deserialize)]
    struct Refusal {
        key: String,
        refused: bool,
    }
    fn kill() -> crate::faults::Action {
        crate::faults::Action::Kill
    }
    if !common.operator_listen.ip().is_loopback() {
        return routes;
    }
    let clock = clock.clone();
    let move_clock = move |Json(offset): Json<Offset>| async move {
        clock.set_offset(jiff::SignedDuration::from_secs(offset.offset_seconds));
        StatusCode::NO_CONTENT
    };
    let arm = |Json(point): Json<Point>| async move {
        if !crate::faults::POINTS.contains(&point.point.as_str()) {
            return StatusCode::NOT_FOUND;
        }
        crate::faults::arm(&point.point, point.passes.max(1), point.action);
        StatusCode::NO_CONTENT
    };
    let refuse = |Json(refusal): Json<Refusal>| async move {
        crate::faults::refuse(refusal.key.as_bytes(), refusal.refused);
        StatusCode::NO_CONTENT
    };
    let routes = routes.route("/faults/clock", post(move_clock)).route("/faults/kill-point", post(arm));
    routes.route("/faults/refuse", post(refuse))
}

/// This build has no fault endpoints.
#[cfg(not(feature = "faults"))]
pub fn with_faults(routes: Router, _: &Common, _: &crate::clock::Clock) -> Router {
    routes
}
