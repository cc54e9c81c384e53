//! Orders to score, with customers' histories behind them.

use fraud_model::{
    features::Memory,
    simulate::{Settings, Simulation},
};
use fraud_scoring::vector::LEN;
use orderflow::events::Order;

/// Enough that none of it stays in the processor's nearest memory.
pub const KEPT: usize = 4_096;

/// Simulated orders in the sequence of time.
pub struct Orders {
    /// Those before: histories are made of them.
    pub before: Vec<Order>,
    /// Those to score.
    pub scored: Vec<Order>,
    /// What is known of each of them.
    pub vectors: Vec<[f32; LEN]>,
    /// Which of them are fraud.
    pub fraud: Vec<bool>,
}

impl Orders {
    /// Two months of 600 customers, the last orders of which are scored.
    pub fn simulate() -> Self {
        let mut memory = Memory::default();
        let mut placed: Vec<_> = Simulation::new(Settings { seed: 1, days: 60, customers: 600 }).collect();
        let scored = placed.split_off(placed.len().saturating_sub(KEPT));
        let before: Vec<Order> = placed.into_iter().map(|placed| placed.order).collect();
        for order in &before {
            memory.see(order);
        }
        Self {
            before,
            vectors: scored.iter().map(|placed| memory.see(&placed.order).vector).collect(),
            fraud: scored.iter().map(|placed| placed.fraud.is_some()).collect(),
            scored: scored.into_iter().map(|placed| placed.order).collect(),
        }
    }

    /// The rows of the `number`-th batch of this size, one after the other; after the last comes the first.
    pub fn rows(&self, number: usize, size: usize) -> &[f32] {
        let batches = self.vectors.len() / size;
        let from = number % batches * size;
        self.vectors[from..from + size].as_flattened()
    }
}
