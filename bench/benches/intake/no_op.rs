//! The same routes, answered at once: what HTTP alone costs. This program once more, as a process of its own.

use std::{path::Path, thread};

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::{get, post},
};
use orderflow_stack::{Process, Spec, free_port};

/// Tells this program that it is the server.
pub const WORD: &str = "no-op";
/// As long as intake's.
const ANSWER: &str = r#"{"order_id":"01939d5c-3a10-7b21-9c4d-1122334455aa","status":"accepted","total":3375,"currency":"EUR","placed_at":"2026-11-01T00:00:00.000000Z"}"#;

/// Starts it; its base address.
pub fn start(folder: &Path) -> Result<(Process, String)> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let url = format!("http://{listen}");
    let spec = Spec {
        name: WORD.to_owned(),
        program: std::env::current_exe()?,
        args: vec![WORD.to_owned(), listen],
        log: folder.join("no-op.log"),
        ..Spec::default()
    };
    Ok((Process::start(&spec)?, url))
}

/// Serves until it is killed, with as many threads as a service has.
pub fn run(listen: &str) -> Result<()> {
    let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        let routes = Router::new().route("/", get(found)).route("/orders", post(accepted));
        let listener = tokio::net::TcpListener::bind(listen).await?;
        Ok(axum::serve(listener, routes).await?)
    })
}

async fn accepted(_: Bytes) -> impl IntoResponse {
    (StatusCode::ACCEPTED, [(CONTENT_TYPE, "application/json")], ANSWER)
}

async fn found() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], "{}")
}
