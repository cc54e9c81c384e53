//! From settings to a step and routes.

use std::sync::Arc;

use anyhow::Result;
use orderflow::{
    http::{InFlight, Tokens, callers::Callers},
    runtime::{Service, group_lag},
    topics::ORDERS,
};
use orderflow_letters::{Access, watch::watch};

use crate::{
    changes::Announcer,
    commands::Commands,
    config::Settings,
    desk::Desk,
    flow::{Flow, counts::Counts},
    fold::RestoreTimelines,
    log_end::KafkaEnd,
    models::Reports,
    on_breaker_moved::OnBreakerMoved,
    on_customer_erased::OnCustomerErased,
    on_dead_letter::OnDeadLetter,
    on_event::OnEvent,
    on_operator_act::OnOperatorAct,
    problem_kind::STAFF_ONLY,
    routes::routes,
    timelines::Timelines,
};

/// Wires the service.
///
/// # Errors
/// When no Kafka client, or no thread, can be made.
pub fn wire(settings: Settings, tokens: Tokens, service: Service) -> Result<Service> {
    let (state, clock) = (service.state(), service.clock());
    let timelines = Timelines::new(state.clone(), clock.clone());
    let announcer = Announcer::new();
    let letters = Access {
        config: service.kafka(),
        names: settings.common.names(),
        registry: settings.common.servers.registry.client()?,
    };
    let counts = Counts::new(clock.now());
    let lags = group_lag::watch(&letters.config, &letters.names, clock.clone())?;
    let watched = watch(letters.clone(), clock.clone())?;
    let desk = Desk {
        flow: Flow::new(counts.clone(), lags, watched),
        timelines: timelines.clone(),
        commands: Commands { outbox: Arc::new(service.publisher()), state: state.clone() },
        log_end: Box::new(KafkaEnd::new(&service.kafka(), settings.common.names().topic(ORDERS))?),
        callers: Callers {
            tokens,
            staff_scope: settings.staff_scope,
            operator_token: settings.common.operator_token,
            refusal: &STAFF_ONLY,
        },
        in_flight: InFlight::new(settings.max_in_flight.into()),
        waiting: InFlight::new(settings.max_waiting.into()),
        changes: announcer.changes(),
        reports: Reports::default(),
        records: Box::new(letters.clone()),
        letters,
        clock: clock.clone(),
    };
    Ok(service
        .step(OnEvent::new(timelines.clone(), announcer.clone(), counts, clock.clone()))
        .step(OnDeadLetter::new(timelines.clone(), announcer.clone()))
        .step(OnOperatorAct::new(timelines, announcer))
        .step(OnBreakerMoved(state.clone()))
        .step(OnCustomerErased(state))
        .fold(RestoreTimelines { clock })
        .serve(settings.listen, routes(Arc::new(desk))))
}
