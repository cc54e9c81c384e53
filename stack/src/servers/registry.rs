//! Apicurio Registry, seen through its Confluent-compatible API. It keeps its schemas in memory: a restart forgets.

use anyhow::Result;

use super::downloads::Installed;
use super::folder::Folder;
use super::server::Plan;
use crate::ports::free_port;
use crate::probe::Probe;
use crate::processes::Spec;

pub(super) fn plan(installed: &Installed, folder: &Folder) -> Result<Plan> {
    let port = free_port()?;
    let data = folder.path().join("registry");
    std::fs::create_dir_all(&data)?;
    let mut args = Vec::from_iter(installed.class_archive_flag("registry"));
    args.extend([
        "-Xmx256m".to_owned(),
        "-XX:+UseSerialGC".to_owned(),
        // The start is most of its work here, and the optimising compiler never earns its time back.
        "-XX:TieredStopAtLevel=1".to_owned(),
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
    let address = format!("http://127.0.0.1:{port}/apis/ccompat/v7");
    let probe = Probe::Http(format!("{address}/subjects"));
    Ok(Plan { spec, address, probe })
}
