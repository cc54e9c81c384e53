//! From settings to steps, deliverers and routes.

use std::sync::Arc;

use anyhow::Result;
use orderflow::{
    events::Subscription,
    http::{InFlight, Tokens, callers::Callers},
    runtime::Service,
    sealed::{MasterKey, ReadingKeys},
};
use tokio::{sync::Notify, task::JoinSet};

use crate::{
    at_delivery_ended::AtDeliveryEnded, config::Settings, courier::Courier, deliverer::Deliverer, desk::Desk,
    email::Mailer, fold::FromLog, on_notification_due::OnNotificationDue, on_order_event::OnOrderEvent,
    problem_kind::STAFF_ONLY, queue::Queue, routes::routes, secrets::Secrets, subscriptions::Subscriptions,
    webhook::Webhooks,
};

/// Wires the service. Returns once all subscriptions are known.
///
/// # Errors
/// When the master key cannot be had, no client can be made, or the mail server's settings make no sense.
pub async fn wire(settings: Settings, tokens: Tokens, service: Service) -> Result<Service> {
    let (clock, delivery) = (service.clock(), &settings.delivery);
    let subscriptions = Subscriptions::new(service.follow::<Subscription>()?);
    let queue = Queue::new(service.state(), delivery.limits());
    let master_key = MasterKey::from_setting(settings.common.master_key_file.as_deref())?;
    let secrets = Secrets::new(master_key);
    let wake = Arc::new(Notify::new());

    let webhooks =
        Webhooks::new(delivery.webhook_timeout, delivery.allowed(), secrets.clone(), clock.clone())?;
    let keys = ReadingKeys::start("notifications", &settings.common, &service)?;
    let mailer = Mailer::new(&settings.mail, Arc::new(keys))?;
    let sends_mail = mailer.is_some();
    let deliverer = |courier: Arc<dyn Courier>, timeout, concurrency: u16| Deliverer {
        queue: queue.clone(),
        state: service.state(),
        subscriptions: subscriptions.clone(),
        courier,
        schedule: delivery.schedule(),
        timeout,
        concurrency: concurrency.into(),
        wake: Arc::clone(&wake),
        clock: clock.clone(),
    };
    let mut deliverers = JoinSet::new();
    let webhooks = deliverer(Arc::new(webhooks), delivery.webhook_timeout, delivery.webhook_concurrency);
    deliverers.spawn(webhooks.run());
    if let Some(mailer) = mailer {
        let mail = &settings.mail;
        deliverers.spawn(deliverer(Arc::new(mailer), mail.smtp_timeout, mail.smtp_concurrency).run());
    }
    subscriptions.are_known().await;

    let desk = Desk {
        outbox: Box::new(service.publisher()),
        subscriptions: subscriptions.clone(),
        queue: queue.clone(),
        secrets,
        allowed: delivery.allowed(),
        sends_mail,
        overlap: delivery.secret_overlap,
        callers: Callers {
            tokens,
            staff_scope: settings.staff_scope,
            operator_token: settings.common.operator_token,
            refusal: &STAFF_ONLY,
        },
        in_flight: InFlight::new(settings.max_in_flight.into()),
        clock: clock.clone(),
    };
    Ok(service
        .step(OnOrderEvent(subscriptions.clone()))
        .step(OnNotificationDue { queue: queue.clone(), wake, clock: clock.clone(), deliverers })
        .tick(AtDeliveryEnded { queue, subscriptions })
        .fold(FromLog { clock })
        .serve(settings.listen, routes(Arc::new(desk))))
}
