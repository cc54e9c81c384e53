//! What some contestants have on top of `exactly-once`: the model, a gateway over HTTP, label documents.

use std::time::Duration;

use anyhow::{Context, Result};
use orderflow_stack::{Process, Spec, free_port, onnxruntime};

use super::{contestants::pairs, ground::Field};
use crate::hops::Stage;

const READY_WITHIN: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(15);
/// The model that comes with this version.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/fraud-scoring/model/shipped");

/// What a contestant has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extras {
    /// Fraud-scoring decides by the shipped model, not by rules.
    pub model: bool,
    /// Payment asks a gateway in another process.
    pub gateway: bool,
    /// Shipping renders and stores a document for each label.
    pub documents: bool,
}

/// What runs beside the hops. Ended when dropped.
#[derive(Default)]
pub struct Beside {
    extras: Extras,
    gateway: Option<(Process, String)>,
    /// What fraud-scoring is told of the model.
    model: Vec<(String, String)>,
}

impl Beside {
    /// Starts what these extras need, and waits until it answers.
    ///
    /// # Errors
    /// When the gateway does not start.
    pub async fn start(extras: Extras, field: &Field) -> Result<Self> {
        let gateway = if extras.gateway { Some(gateway(field).await?) } else { None };
        let model = if extras.model { model().await.into() } else { Vec::new() };
        Ok(Self { extras, gateway, model })
    }

    /// Tells the hops what there is.
    pub fn tell(&self, specs: &mut [Spec], field: &Field) {
        for spec in specs {
            if spec.name == Stage::FraudScoring.name() {
                spec.env.extend(self.model.iter().cloned());
            }
            if let Some((_, url)) = self.gateway.as_ref().filter(|_| spec.name == Stage::Payment.name()) {
                spec.args.push("--real-gateway".to_owned());
                spec.env.extend(pairs([("GATEWAY_URL", url)]));
            }
            if self.extras.documents && spec.name == Stage::Shipping.name() {
                let labels = field.folder.join("labels").display().to_string();
                spec.args.push("--documents".to_owned());
                spec.env.extend(pairs([("LABEL_STORE", labels.as_str())]));
            }
        }
    }

    /// The processes whose work is not the hops'.
    pub fn outside(&self) -> Vec<u32> {
        self.gateway.iter().map(|(process, _)| process.pid()).collect()
    }

    /// Ends what was started.
    pub async fn stop(self) {
        if let Some((process, _)) = self.gateway {
            process.stop(GRACE).await;
        }
    }
}

/// The simulator, with its ledger in the turn's folder, and its address.
async fn gateway(field: &Field) -> Result<(Process, String)> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let ledger = field.folder.join("gateway.jsonl").display().to_string();
    let spec = Spec {
        name: "gateway-simulator".to_owned(),
        program: std::env::current_exe()?,
        args: ["gateway-simulator", "--listen", &listen, "--ledger", &ledger].map(str::to_owned).to_vec(),
        log: field.folder.join("gateway-simulator.log"),
        ..Spec::default()
    };
    let process = Process::start(&spec)?;
    let url = format!("http://{listen}");
    process.wait_ready(&format!("{url}/health/ready"), READY_WITHIN).await.context("the gateway")?;
    Ok((process, url))
}

/// By ONNX Runtime if its library is there or can be had, else by the engine that is built in.
async fn model() -> [(String, String); 4] {
    let (engine, library) = match onnxruntime().await {
        Ok(library) => ("onnxruntime", library.display().to_string()),
        Err(why) => {
            eprintln!("the built-in engine runs the model: {why:#}");
            ("built-in", String::new())
        }
    };
    pairs([
        ("FRAUD_MODEL", MODEL),
        ("FRAUD_ENGINE", engine),
        ("ORT_DYLIB_PATH", library.as_str()),
        // A library of another version than ours might tell its maker.
        ("ORT_DISABLE_TELEMETRY", "1"),
    ])
}
