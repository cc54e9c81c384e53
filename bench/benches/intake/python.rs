//! The same the usual way: FastAPI, which waits for Kafka's acknowledgement too.

use std::path::Path;

use anyhow::Result;
use bench::python;
use orderflow::topics::ORDERS;
use orderflow_cli::connection::Connection;
use orderflow_stack::{Process, free_port};

/// Starts it with two workers, where its packages are; its base address.
pub fn start(place: &Connection, folder: &Path) -> Result<Option<(Process, String)>> {
    let python = match python::interpreter("confluent_kafka, fastapi, uvicorn, uvloop") {
        Ok(python) => python,
        Err(why) => {
            println!("skipped: FastAPI ({why:#})");
            return Ok(None);
        }
    };
    let port = free_port()?;
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/intake");
    let mut spec = python::uvicorn(python, "intake:app", &scripts, port, 2, folder.join("uvicorn.log"));
    spec.env = vec![
        ("BOOTSTRAP".to_owned(), place.servers.kafka.bootstrap.clone()),
        ("TOPIC".to_owned(), place.names().topic(ORDERS)),
    ];
    Ok(Some((Process::start(&spec)?, format!("http://127.0.0.1:{port}"))))
}
