//! Redis, without persistence unless asked for.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;

use super::container::Image;
use super::downloads::Installed;
use super::folder::Folder;
use super::server::{Plan, Runs};
use crate::ports::free_port;
use crate::probe::Probe;
use crate::processes::Spec;

pub(super) fn plan(installed: &Installed, folder: &Folder, append_only: bool) -> Result<Plan> {
    let program = installed.redis()?;
    let port = free_port()?;
    let data = folder.path().join("redis");
    std::fs::create_dir_all(&data)?;
    let append_only = if append_only { "yes" } else { "no" };
    let args = [
        ("--port", port.to_string()),
        ("--bind", Ipv4Addr::LOCALHOST.to_string()),
        ("--dir", data.display().to_string()),
        // No snapshots: what a restart keeps is the append-only file or nothing.
        ("--save", String::new()),
        ("--appendonly", append_only.to_owned()),
        ("--daemonize", "no".to_owned()),
    ];
    let spec = Spec {
        name: "redis".to_owned(),
        program,
        args: args.into_iter().flat_map(|(key, value)| [key.to_owned(), value]).collect(),
        log: folder.path().join("redis.log"),
        scratch: Some(data),
        ..Spec::default()
    };
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Ok(at_address(Runs::Process(spec), at))
}

pub(super) fn container(folder: &Folder, append_only: bool) -> Result<Plan> {
    let port = free_port()?;
    let append_only = if append_only { "yes" } else { "no" };
    let image = Image {
        name: "redis",
        tag: "7.4-bookworm",
        args: vec!["redis-server", "--save", "", "--appendonly", append_only],
        ports: vec![(port, 6379)],
        ..Image::default()
    };
    let runs = Runs::container("redis", image, folder.path().join("redis.log"));
    Ok(at_address(runs, SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
}

fn at_address(runs: Runs, at: SocketAddr) -> Plan {
    // While it loads its append-only file it answers PING with an error.
    let probe = Probe::Tcp { at, ask: b"PING\r\n", accepts: |answer| answer.starts_with(b"+PONG") };
    Plan { runs, address: format!("redis://{at}"), probe }
}
