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
    changes::Announcer, commands::Commands, config::Settings, desk::Desk, fold::RestoreTimelines,
    log_end::KafkaEnd, on_customer_erased::OnCustomerErased, on_dead_letter::OnDeadLetter, on_event::OnEvent,
    problem_kind::STAFF_ONLY, routes::routes, timelines::Timelines,
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
    let desk = Desk {
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
        letters: letters.clone(),
        clock: clock.clone(),
    };
    group_lag::watch(&letters.config, &letters.names, clock.clone())?;
    watch(letters, clock.clone())?;
    Ok(service
        .step(OnEvent::new(timelines.clone(), announcer.clone()))
        .step(OnDeadLetter::new(timelines, announcer))
        .step(OnCustomerErased(state))
        .fold(RestoreTimelines { clock })
        .serve(settings.listen, routes(Arc::new(desk))))
}
