//! The inventory service: sets stock aside for orders, frees it or ships it, and answers stock adjustments.

use std::process::ExitCode;

use clap::Parser;
use inventory::{
    Config, FoldStock, OnOrderValidated, OnPaymentFailed, OnPaymentRefunded, OnShippingLabelGenerated,
    OnStockAdjustmentRequested, Stock,
};

fn main() -> ExitCode {
    let config = Config::parse();
    orderflow::runtime::run("inventory", config.common, async move |service| {
        let (stock, clock) = (Stock::new(service.state()), service.clock());
        Ok(service
            .step(OnOrderValidated::new(stock.clone(), clock.clone(), config.reservation_validity))
            .step(OnPaymentFailed::new(stock.clone(), clock.clone()))
            .step(OnPaymentRefunded::new(stock.clone(), clock.clone()))
            .step(OnShippingLabelGenerated::new(stock.clone(), clock.clone()))
            .step(OnStockAdjustmentRequested::new(stock, clock.clone()))
            .fold(FoldStock { clock }))
    })
}
