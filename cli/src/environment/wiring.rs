//! Which program gets which variables: the one place where services, simulators and servers are put together.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use orderflow_stack::{Binaries, Spec, free_port};
use rand::RngExt;

use super::{Environment, Options, ShippedModel, instance::Plan};

/// The demo shop's catalogue, so that the command works without the source tree.
pub(crate) const DEMO_CATALOGUE: &str = include_str!("../../../deploy/catalogue/demo.yaml");

/// Writes what the services read from files: a fresh master key, the catalogue and the model.
pub(super) fn write_files(folder: &Path, options: &Options) -> Result<()> {
    let key: [u8; 32] = rand::rng().random();
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(folder.join("master.key"), key).context("writing the master key")?;
    std::fs::create_dir_all(label_store(folder))?;
    if options.model.is_some() {
        ShippedModel::write(folder)?;
    }
    match &options.catalogue {
        Some(path) => std::fs::copy(path, folder.join("catalogue.yaml")).map(drop),
        None => std::fs::write(folder.join("catalogue.yaml"), DEMO_CATALOGUE),
    }
    .context("writing the catalogue")
}

/// The file a simulator writes what it did to.
pub(super) fn ledger(folder: &Path, simulator: &str) -> PathBuf {
    folder.join(format!("{simulator}.jsonl"))
}

/// The folder of label documents.
pub(super) fn label_store(folder: &Path) -> PathBuf {
    folder.join("labels")
}

/// A simulator on a free port, with its ledger in the folder.
pub(super) fn simulator(
    binaries: &Binaries,
    folder: &Path,
    options: &Options,
    name: &'static str,
) -> Result<Plan> {
    let Address { listen, url } = address()?;
    let (stem, faults) = match name {
        "gateway-simulator" => ("GATEWAY", &options.gateway_faults),
        _ => ("CARRIER", &options.carrier_faults),
    };
    let spec = Spec {
        name: name.to_owned(),
        program: binaries.path(name)?,
        args: Vec::new(),
        env: vec![
            (format!("{stem}_LISTEN"), listen),
            (format!("{stem}_LEDGER"), ledger(folder, name).display().to_string()),
            (format!("{stem}_FAULTS"), faults.clone()),
        ],
        log: folder.join(format!("{name}.log")),
        scratch: None,
    };
    Ok(Plan { service: name, spec, operator_url: url.clone(), http_url: Some(url) })
}

/// An instance of a service on free ports.
pub(super) fn service(environment: &Environment, service: &'static str, slot: usize) -> Result<Plan> {
    let name = format!("{service}-{slot}");
    let folder = environment.folder();
    let Address { listen: operator_listen, url: operator_url } = address()?;
    let mut env = common(environment, &name, operator_listen);
    let mut http_url = None;
    match service {
        "order-intake" => {
            let Address { listen, url } = address()?;
            env.extend(intake(folder, listen, environment.options.seed_stock));
            env.push(("ORDER_STATUS_URL".to_owned(), environment.status.url.clone()));
            http_url = Some(url);
        }
        "fraud-scoring" => {
            env.extend(environment.options.model.iter().flat_map(|model| model.variables(folder)));
        }
        "payment" => {
            env.extend(url_of("GATEWAY_URL", environment.gateway.http_url()));
            // For the gateway's callbacks, once there is a secret to check them with.
            let Address { listen, url } = address()?;
            env.push(("LISTEN".to_owned(), listen));
            http_url = Some(url);
        }
        "shipping" => {
            env.extend(url_of("CARRIER_URL", environment.carrier.http_url()));
            env.push(("LABEL_STORE".to_owned(), label_store(folder).display().to_string()));
        }
        "order-status" => {
            let Address { listen, url } = if slot == 0 { environment.status.clone() } else { address()? };
            env.push(("LISTEN".to_owned(), listen));
            http_url = Some(url);
        }
        "recommendation" | "notifications" => {
            let Address { listen, url } = address()?;
            env.push(("LISTEN".to_owned(), listen));
            http_url = Some(url);
        }
        _ => {}
    }
    let options = &environment.options;
    env.extend(options.variables.iter().cloned());
    env.extend(options.service_variables.get(service).into_iter().flatten().cloned());
    let log = folder.join(format!("{name}.log"));
    let program = environment.binaries.path(service)?;
    let spec = Spec { name, program, args: Vec::new(), env, log, scratch: None };
    Ok(Plan { service, spec, operator_url, http_url })
}

/// What every service is given.
fn common(environment: &Environment, name: &str, operator_listen: String) -> Vec<(String, String)> {
    let pairs = [
        ("DELIVERY", environment.options.delivery_name()),
        ("INSTANCE_ID", name.to_owned()),
        ("OPERATOR_LISTEN", operator_listen),
        ("MASTER_KEY_FILE", environment.folder().join("master.key").display().to_string()),
    ];
    let pairs = pairs.into_iter().map(|(key, value)| (key.to_owned(), value));
    environment.connection().variables().into_iter().chain(pairs).collect()
}

/// Intake believes the load generator, which stands for a proxy in front of many customers.
fn intake(folder: &Path, listen: String, seed_stock: bool) -> Vec<(String, String)> {
    let pairs = [
        ("LISTEN", listen),
        ("CATALOGUE", folder.join("catalogue.yaml").display().to_string()),
        ("SEED_STOCK", seed_stock.to_string()),
        ("TRUSTED_PROXIES", "127.0.0.0/8".to_owned()),
        ("IP_COUNTRY_HEADER", "cf-ipcountry".to_owned()),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn url_of(variable: &str, url: Option<&str>) -> Option<(String, String)> {
    url.map(|url| (variable.to_owned(), url.to_owned()))
}

/// A loopback address: to listen on, and as a URL.
#[derive(Debug, Clone)]
pub(super) struct Address {
    listen: String,
    pub(super) url: String,
}

/// A free one.
pub(super) fn address() -> Result<Address> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let url = format!("http://{listen}");
    Ok(Address { listen, url })
}
