//! From nothing to ready, and back.

use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use orderflow_stack::{Choice, Servers, build, onnxruntime};

use super::{Demo, sample::Sample};
use crate::{
    commands::load::new_run,
    environment::{Environment, Options, SERVICES, ShippedModel},
};

/// Everything that runs. The environment stands first: it ends before its servers.
pub(super) struct Running {
    pub(super) environment: Environment,
    /// What a real shop sold on one day; it is for sale here too.
    pub(super) sample: Sample,
    servers: Servers,
}

impl Running {
    /// Builds, starts the servers, then the services.
    ///
    /// # Errors
    /// What did not work, and how to get what is missing.
    pub(super) async fn start(demo: &Demo) -> Result<Self> {
        let choice = Choice::from_env()?;
        let given = choice.is_partly_given();
        let step = Steps::begin("building and starting servers");
        let (binaries, servers, model) =
            tokio::try_join!(build(), Servers::start(choice), async { Ok(model(demo).await) })?;
        step.done(&servers.chosen);
        // Servers of our own hold nothing else; on others, nothing of anybody else's is touched.
        let prefix = if given { format!("demo-{}.", new_run()) } else { String::new() };
        let sample = Sample::read()?;
        let catalogue = sample.catalogue()?;
        let options = Options {
            prefix,
            delivery: demo.delivery,
            partitions: Some(demo.partitions().into()),
            instances: SERVICES.map(|service| (service, usize::from(demo.instances))).into(),
            catalogue: Some(catalogue.path().to_owned()),
            model,
            ..Options::default()
        };
        let step = Steps::begin("starting services and simulators");
        let environment =
            Environment::start(&servers, binaries, options).await.inspect_err(|_| servers.keep_folder())?;
        let count = environment.instances().len();
        step.done(&format!(
            "{count} services and 2 simulators are ready; logs in {}",
            environment.folder().display()
        ));
        Ok(Self { environment, sample, servers })
    }

    /// What was chosen, in one line.
    pub(super) fn servers(&self) -> &str {
        &self.servers.chosen
    }

    /// Addresses and a first order to place.
    ///
    /// # Errors
    /// When there is no intake.
    pub(super) fn how_to_try(&self) -> Result<String> {
        let url = self.environment.intake_url()?;
        let status = self.environment.status_url();
        let shown = self.environment.recommendation_url()?;
        let Servers { kafka_bootstrap, registry_url, chosen, .. } = &self.servers;
        let prefix = &self.environment.connection().prefix;
        let operators: Vec<String> = self
            .environment
            .instances()
            .iter()
            .map(|instance| format!("  {:<18} {}/metrics", instance.name(), instance.operator_url()))
            .collect();
        let folder = self.environment.folder();
        let prefix = if prefix.is_empty() { String::new() } else { format!(" ORDERFLOW_PREFIX={prefix}") };
        // No REDIS_URL: it may hold a password, and these commands need none.
        let variables = format!(
            "export KAFKA_BOOTSTRAP_SERVERS={kafka_bootstrap} SCHEMA_REGISTRY_URL={registry_url}{prefix}\n  export \
             INTAKE_URL={url} ORDER_STATUS_URL={status} MODEL_STORE={}",
            ShippedModel::store(folder).display()
        );
        Ok(format!(
            "\nEverything is still running; Ctrl-C stops it.\n\n  orders             {url}/orders (also {url}/catalogue)\n  control tower      {status}/ui/\n  order status       {status}/orders/<ORDER-ID>, {status}/reviews\n  recommendations    {shown}/recommendations/<CUSTOMER-ID>, {shown}/products/<SKU>/related\n{}\n  servers            {chosen}\n  logs, labels       {}\n\nFor the commands:\n  {variables}\n\nTry:\n  curl -i {url}/orders -H 'content-type: application/json' -d '{}'\n  orderflow orders watch <ORDER-ID>\n  orderflow orders show <ORDER-ID>\n  orderflow models train fraud --from-topics --maturity 0s --as-version 2 --out fraud-2\n",
            operators.join("\n"),
            folder.display(),
            EXAMPLE_ORDER,
        ))
    }

    /// Ends services and simulators, then the servers. Logs stay when not all was well.
    pub(super) async fn stop(self, well: bool) {
        let Self { environment, servers, .. } = self;
        let unclean = environment.stop().await;
        if !unclean.is_empty() {
            eprintln!("did not end well: {}", unclean.join(", "));
        }
        if !well || !unclean.is_empty() {
            environment.keep_folder();
            servers.keep_folder();
        }
        drop(environment);
        // Ending a broker takes a moment, and dropping it blocks.
        let _ = tokio::task::spawn_blocking(move || drop(servers)).await;
    }
}

/// What scores orders, unless rules are to. Without its library the demo goes on: the built-in engine does the same.
async fn model(demo: &Demo) -> Option<ShippedModel> {
    if demo.rules {
        return None;
    }
    let library = onnxruntime().await;
    if let Err(error) = &library {
        let why = format!("{error:#}");
        let why = why.lines().next().unwrap_or_default().trim_end_matches(':');
        eprintln!("the built-in engine runs the fraud model: {why}");
    }
    Some(ShippedModel { onnxruntime: library.ok() })
}

const EXAMPLE_ORDER: &str = r#"{"customer":{"id":"ada","name":"Ada Baker","email":"ada@example.org","account_age_days":400},"delivery_address":{"line1":"Mill Road 1","city":"Berlin","postal_code":"10115","country":"DE"},"lines":[{"sku":"KIT-MUG-350","quantity":2}],"currency":"EUR","payment_token":"tok_visa"}"#;

/// A line that says what is going on, then what has been done.
struct Steps(ProgressBar);

impl Steps {
    fn begin(what: &str) -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let bar =
            ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    fn done(self, what: &str) {
        self.0.finish_and_clear();
        eprintln!("{what}");
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
