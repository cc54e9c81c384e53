//! From settings to steps and routes.

use std::{sync::Arc, time::Duration};

use orderflow::{
    http::{InFlight, Tokens, callers::Callers},
    runtime::Service,
};

use crate::{
    associations::Associations, config::Settings, desk::Desk, fold::RestoreAssociations,
    on_cart_updated::OnCartUpdated, on_order_placed::OnOrderPlaced, on_product_viewed::OnProductViewed,
    problem_kind::STAFF_ONLY, recommender::Recommender, routes::routes,
};

/// How long records are gathered: each transaction is work for the broker, which orders wait for, and nobody notices that
/// recommendations come a moment later.
const GATHER: Duration = Duration::from_millis(250);

/// Wires the service.
#[must_use]
pub fn wire(settings: Settings, tokens: Tokens, service: Service) -> Service {
    let clock = service.clock();
    let associations = Associations::new(service.state(), settings.decay(), settings.recommend_every);
    let recommender = Recommender::new(associations.clone(), clock.clone(), settings.offer());
    let desk = Desk {
        associations: associations.clone(),
        callers: Callers {
            tokens,
            staff_scope: settings.staff_scope.clone(),
            operator_token: settings.common.operator_token.clone(),
            refusal: &STAFF_ONLY,
        },
        in_flight: InFlight::new(settings.max_in_flight.into()),
        clock: clock.clone(),
        items: settings.items.into(),
    };
    service
        .step(OnOrderPlaced(recommender.clone()))
        .step(OnProductViewed(recommender.clone()))
        .step(OnCartUpdated(recommender))
        .gathering_for(GATHER)
        .fold(RestoreAssociations { associations, clock })
        .serve(settings.listen, routes(Arc::new(desk)))
}
