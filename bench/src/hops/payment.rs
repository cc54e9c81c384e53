//! Payment, with a gateway in the process that charges everybody at once, or with the real one.

use std::process::ExitCode;

use clap::Parser;
use orderflow::{events::Order, fault::Fault, runtime};
use payment::{
    config::Settings,
    gateway::{Answer, Gateway, Opened, Refunded, Standing},
    wiring::{wire, wire_to},
};

pub fn run(real_gateway: bool) -> ExitCode {
    let settings = Settings::parse_from(["payment"]);
    runtime::run("payment", settings.common.clone(), async move |service| {
        if real_gateway { wire(&settings, service) } else { wire_to(InProcess, &settings, service) }
    })
}

/// Remembers nothing and needs not to: the same order has the same payment.
struct InProcess;

fn intent_id(order: &Order) -> String {
    format!("pi_{}", order.order_id)
}

impl Gateway for InProcess {
    async fn open(&self, order: &Order, _: bool) -> Result<Opened, Fault> {
        Ok(Opened::Fresh { intent_id: intent_id(order) })
    }

    async fn confirm(&self, _: &Order, intent_id: &str) -> Result<Standing, Fault> {
        Ok(Standing::Decided(Answer::Charged { intent_id: intent_id.to_owned() }))
    }

    async fn look(&self, _: &Order, _: &str) -> Result<Standing, Fault> {
        Ok(Standing::Unconfirmed)
    }

    async fn find(&self, _: &Order) -> Result<Option<Answer>, Fault> {
        Ok(None)
    }

    async fn void(&self, _: &Order, _: Option<&str>) -> Result<Answer, Fault> {
        Ok(Answer::Voided)
    }

    async fn refund(&self, order: &Order, _: &str) -> Result<Refunded, Fault> {
        Ok(Refunded { refund_id: format!("re_{}", order.order_id) })
    }
}
