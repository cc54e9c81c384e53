//! Settings of the drift watch.

use clap::{Args, ValueEnum};

/// From which distance on what happens.
#[derive(Debug, Clone, Copy, PartialEq, Args)]
pub struct DriftSettings {
    /// What happens while a feature or the score is beyond the second limit.
    #[arg(id = "drift_action", long = "drift-action", env = "DRIFT_ACTION", value_enum, default_value_t = Action::Report)]
    pub action: Action,
    /// How many of the newest orders are held against training (10 to 10000000). A day's orders are a good window.
    #[arg(id = "drift_window", long = "drift-window", env = "DRIFT_WINDOW", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(10..=10_000_000))]
    pub window: u32,
    /// With fewer orders nothing is said (10 to 10000000).
    #[arg(id = "drift_min_orders", long = "drift-min-orders", env = "DRIFT_MIN_ORDERS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=10_000_000))]
    pub least: u32,
    /// The first limit: from this population stability index on, a feature or the score is drifting.
    #[arg(id = "drift_limit", long = "drift-limit", env = "DRIFT_LIMIT", default_value_t = 0.25, value_parser = index)]
    pub limit: f64,
    /// The second limit: from this index on, DRIFT_ACTION is done.
    #[arg(id = "drift_switch_limit", long = "drift-switch-limit", env = "DRIFT_SWITCH_LIMIT", default_value_t = 0.5, value_parser = index)]
    pub switch_limit: f64,
}

/// What happens beyond the second limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Action {
    /// It is told; the version goes on deciding.
    Report,
    /// Rules decide.
    Rules,
    /// The version that was live before decides; where there is none, rules.
    Previous,
}

impl DriftSettings {
    /// Whether they go together.
    ///
    /// # Errors
    /// When they contradict each other: the message says how to mend them.
    pub fn check(&self) -> Result<(), String> {
        if self.limit > self.switch_limit {
            return Err(format!(
                "DRIFT_SWITCH_LIMIT ({}) must be at least DRIFT_LIMIT ({})",
                self.switch_limit, self.limit
            ));
        }
        if self.least > self.window {
            return Err(format!(
                "DRIFT_WINDOW ({}) must be at least DRIFT_MIN_ORDERS ({}), else there are never enough",
                self.window, self.least
            ));
        }
        Ok(())
    }
}

fn index(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value.is_finite() => Ok(value),
        _ => Err(format!("`{text}` is not a number above 0")),
    }
}
