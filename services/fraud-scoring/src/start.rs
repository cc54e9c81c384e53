//! Begins to serve: what the service was started with, then what `models.state` asks for.

use std::sync::Arc;

use anyhow::{Context, Result};
use orderflow::{
    events::{DriftDetected, ModelState},
    runtime::Service,
};
use orderflow_model::{Choice, Engines, Slot};
use tokio::task::JoinSet;
use tracing::info;

use crate::{
    config::Settings,
    drift::{Action, Watch},
    guard::{self, Guard},
    keeper::{Keeper, by_default},
    loader::FromStore,
    model::Opener,
    predictions::Predictions,
    rules::Rules,
    served::{Guards, Served},
    serving::Serving,
};

/// Begins to serve: reads all of `models.state`, and tries once to put in use what it asks for.
///
/// # Errors
/// When the model in `FRAUD_MODEL` is not one that this version can trust, or a setting cannot work.
pub async fn serve(service: &Service, settings: &Settings, rules: Rules) -> Result<Served> {
    let mut followed = service.follow::<ModelState>()?;
    let opener = Arc::new(Opener { engines: engines(settings)?, hold: settings.hold_threshold });
    let own = settings.model.as_ref().map(|folder| {
        let opened = opener.open(folder, None);
        opened.with_context(|| format!("the model in {} (FRAUD_MODEL) cannot be used", folder.display()))
    });
    let own = own.transpose()?.map(Arc::new);
    let guard = |dependency| Guard::new(service.breaker(dependency), settings.model_time_limit);
    let guards = Guards {
        live: guard(guard::LIVE),
        candidate: guard(guard::CANDIDATE),
        previous: guard(guard::PREVIOUS),
    };
    let slot = Arc::new(Slot::new(Serving {
        deciding: by_default(own.as_ref(), None),
        trial: None,
        previous: None,
    }));
    let keeper = Keeper {
        loader: FromStore::new(settings, opener)?,
        slot: Arc::clone(&slot),
        guards: guards.clone(),
        own,
        keeps_previous: settings.drift.action == Action::Previous,
        health: service.health(),
    };
    followed.wait_for(Option::is_some).await.context("models.state is not followed")?;
    let whole = keeper.turn(&mut followed).await;
    let mut tasks = JoinSet::new();
    tasks.spawn(keeper.run(followed, whole));
    let predictions = Predictions::new(settings.score_valid_for, service.clock());
    Ok(Served { slot, guards, drift: watch(service, settings), predictions, rules, keeper: tasks })
}

/// The engines of this process; where there is no model to run, none is looked for.
fn engines(settings: &Settings) -> Result<Engines> {
    let choice = match (&settings.model, &settings.model_store) {
        (None, None) => Choice::BuiltIn,
        _ => settings.engine,
    };
    let engines = Engines::find(choice, settings.onnxruntime.as_deref())
        .context("FRAUD_ENGINE wants ONNX Runtime, and its library cannot be used")?;
    if let Some(why) = engines.missing() {
        info!(%why, "ONNX Runtime does not run the model; the built-in engine does");
    }
    Ok(engines)
}

/// Tells `models` of drift, beside the decisions.
fn watch(service: &Service, settings: &Settings) -> Watch {
    let (teller, instance) = (service.teller::<DriftDetected>(), service.instance());
    Watch::new(settings.drift, service.clock(), service.health(), move |told| {
        let (id, event) = told.by(&instance);
        teller.tell(id, event);
    })
}
