//! What every handler works with.

use std::sync::Arc;

use orderflow::{
    clock::Clock,
    http::{InFlight, Tokens},
    sealed::SealingKeys,
};

use crate::{
    accept::Acceptor, catalogue::Catalogue, hashes::KeyedHashes, limits::Rate, network::Network,
    operator::Operators,
};

/// The adapters and settings behind the routes.
pub struct Intake {
    /// What is for sale.
    pub catalogue: Arc<Catalogue>,
    /// Stands for personal values on the log.
    pub hashes: KeyedHashes,
    /// Customers' keys to seal with.
    pub keys: Arc<dyn SealingKeys>,
    /// Makes requests durable.
    pub acceptor: Acceptor,
    /// Who calls.
    pub tokens: Tokens,
    /// Who may change stock.
    pub operators: Operators,
    /// Where calls come from.
    pub network: Network,
    /// How often one caller may ask.
    pub rate: Rate,
    /// How many requests are handled at once. Each may hold a body of [`crate::limits::MAX_BODY`].
    pub in_flight: InFlight,
    /// In front of `/orders/<id>` in Location.
    pub order_status: String,
    /// The time.
    pub clock: Clock,
}
