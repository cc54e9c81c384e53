//! The Kafka Streams applications of `bench/rivals/kstreams`, built by Maven.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result};

use super::{
    contestants::{Started, pairs},
    ground::Field,
};
use crate::hops::Stage;

const FLAGS: [&str; 4] = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    // Generated coders instead of reflection.
    "-Dorg.apache.avro.specific.use_custom_coders=true",
];

/// Why it cannot run here, if it cannot. Builds it at the first call.
pub fn missing() -> Option<String> {
    static BUILT: OnceLock<Option<String>> = OnceLock::new();
    BUILT.get_or_init(|| build().err().map(|error| format!("{error:#}"))).clone()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals/kstreams")
}

fn build() -> Result<()> {
    java()?;
    let mut maven = Command::new("mvn");
    maven.args(["--quiet", "--batch-mode", "package"]).current_dir(folder());
    // Standard output is for results: Maven writes to it even when quiet.
    let status = maven.stdout(io::stderr()).status().context("mvn is missing: apt-get install -y maven")?;
    anyhow::ensure!(status.success(), "mvn package failed in {}", folder().display());
    Ok(())
}

fn java() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("java")).find(|file| file.is_file());
    found.context("java is missing: apt-get install -y openjdk-17-jdk-headless")
}

/// One application, with its state below the turn's folder.
pub fn hop(stage: Stage, commit_ms: &str, field: &Field, env: &mut Vec<(String, String)>) -> Result<Started> {
    let state = field.folder.join("state").display().to_string();
    let ids = field.schema_ids()?;
    env.extend(pairs([
        ("SCHEMA_IDS", ids.as_str()),
        ("COMMIT_MS", commit_ms),
        ("STATE_DIR", state.as_str()),
        // RocksDB allocates outside the heap; more arenas only grow the process.
        ("MALLOC_ARENA_MAX", "2"),
    ]));
    let target = folder().join("target");
    let classes = format!("{}:{}/*", target.join("kstreams.jar").display(), target.join("lib").display());
    let mut args = vec!["-cp".to_owned(), classes];
    args.extend(FLAGS.map(str::to_owned));
    args.extend(["orderflow.rival.Apps".to_owned(), stage.name().to_owned()]);
    Ok((java()?, args))
}
