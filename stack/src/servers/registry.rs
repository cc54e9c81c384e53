//! Apicurio Registry, seen through its Confluent-compatible API. It keeps its schemas in memory: a restart forgets.

use anyhow::Result;

use super::container::Image;
use super::downloads::Installed;
use super::folder::Folder;
use super::server::{Plan, Runs};
use crate::ports::free_port;
use crate::probe::Probe;
use crate::processes::Spec;

/// The start is most of its work here, and the optimising compiler never earns its time back.
const FLAGS: [&str; 3] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

pub(super) fn plan(installed: &Installed, folder: &Folder) -> Result<Plan> {
    let port = free_port()?;
    let data = folder.path().join("registry");
    std::fs::create_dir_all(&data)?;
    let mut args = Vec::from_iter(installed.class_archive_flag("registry"));
    args.extend(FLAGS.map(str::to_owned));
    args.extend([
        "-Dquarkus.http.host=127.0.0.1".to_owned(),
        format!("-Dquarkus.http.port={port}"),
        format!("-Djava.io.tmpdir={}", data.display()),
        "-jar".to_owned(),
        installed.registry_jar()?.display().to_string(),
    ]);
    let spec = Spec {
        name: "registry".to_owned(),
        program: installed.java.clone(),
        args,
        log: folder.path().join("registry.log"),
        scratch: Some(data),
        ..Spec::default()
    };
    Ok(at_port(Runs::Process(spec), port))
}

pub(super) fn container(folder: &Folder) -> Result<Plan> {
    let port = free_port()?;
    let image = Image {
        name: "apicurio/apicurio-registry",
        tag: "3.0.9",
        env: vec![("JAVA_OPTIONS", FLAGS.join(" "))],
        ports: vec![(port, 8080)],
        ..Image::default()
    };
    Ok(at_port(Runs::container("registry", image, folder.path().join("registry.log")), port))
}

fn at_port(runs: Runs, port: u16) -> Plan {
    let address = format!("http://127.0.0.1:{port}/apis/ccompat/v7");
    let probe = Probe::Http(format!("{address}/subjects"));
    Plan { runs, address, probe }
}
