//! From settings to routes.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use orderflow::{http::InFlight, runtime::Service, sealed::WritingKeys};

use crate::{
    accept::Acceptor, claims::Claims, config::Settings, files::Files, fold::RestoreClaims, intake::Intake,
    limits::Rate, network::Network, operator::Operators, routes::routes, seeds,
};

/// Wires the service, and seeds the stock if asked to.
///
/// # Errors
/// A fault of the log while seeding; or the customers' keys cannot be followed.
pub async fn wire(settings: Settings, files: Files, service: Service) -> Result<Service> {
    let publisher = service.publisher();
    if settings.seed_stock {
        let count = seeds::seed(&files.catalogue, &publisher).await.context("seeding the stock failed")?;
        tracing::info!(count, version = files.catalogue.version(), "stock seeded");
    }
    let clock = service.clock();
    let keys = WritingKeys::start("order-intake", &settings.common, &service, files.master)?;
    let claims = Claims::new(service.state());
    let intake = Intake {
        catalogue: files.catalogue,
        hashes: files.hashes,
        keys: Arc::new(keys),
        acceptor: Acceptor { claims, outbox: Arc::new(publisher), clock: clock.clone() },
        tokens: files.tokens,
        operators: Operators::new(settings.common.operator_token),
        network: Network {
            trusted_proxies: settings.trusted_proxies,
            country_header: settings.ip_country_header,
        },
        rate: Rate::new(settings.rate_per_second, settings.rate_burst),
        order_status: settings.order_status_url.unwrap_or_default(),
        in_flight: InFlight::new(settings.max_in_flight.into()),
        clock: clock.clone(),
    };
    Ok(service.fold(RestoreClaims { clock }).serve(settings.listen, routes(Arc::new(intake))))
}
