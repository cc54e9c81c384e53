//! The same the usual way: FastAPI, which waits for Kafka's acknowledgement too.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Result;
use orderflow::topics::ORDERS;
use orderflow_cli::connection::Connection;
use orderflow_stack::{Process, Spec, free_port};

/// Starts it with two workers, where its packages are; its base address.
pub fn start(place: &Connection, folder: &Path) -> Result<Option<(Process, String)>> {
    let Some(python) = with_packages() else {
        println!(
            "skipped: FastAPI (pip install -r bench/python/requirements.txt; PYTHON names another Python)"
        );
        return Ok(None);
    };
    let port = free_port()?.to_string();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/intake").display().to_string();
    let arguments = ["-B", "-m", "uvicorn", "intake:app", "--app-dir", &scripts, "--log-level", "error"];
    let arguments = arguments.into_iter().chain(["--workers", "2", "--port", &port]);
    let spec = Spec {
        name: "uvicorn".to_owned(),
        program: python,
        args: arguments.map(str::to_owned).collect(),
        env: vec![
            ("BOOTSTRAP".to_owned(), place.servers.kafka.bootstrap.clone()),
            ("TOPIC".to_owned(), place.names().topic(ORDERS)),
        ],
        log: folder.join("uvicorn.log"),
        ..Spec::default()
    };
    Ok(Some((Process::start(&spec)?, format!("http://127.0.0.1:{port}"))))
}

/// The Python that has them.
fn with_packages() -> Option<PathBuf> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let asked = "import sys, confluent_kafka, fastapi, uvicorn; print(sys.executable)";
    let answer = Command::new(python).args(["-c", asked]).stderr(Stdio::null()).output().ok()?;
    let path = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| path.trim_end().into())
}
