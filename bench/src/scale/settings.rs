//! How far it is measured.

use std::path::PathBuf;

use clap::Args;

/// How Orderflow is measured as it grows.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Orders of a measured burst.
    #[arg(long, default_value_t = 50_000)]
    pub orders: usize,
    /// Orders before anything is measured, until the broker's compilers are warm.
    #[arg(long, default_value_t = 300_000)]
    pub first_warm: usize,
    /// Orders before each burst, until caches are warm.
    #[arg(long, default_value_t = 50_000)]
    pub warm: usize,
    /// How many instances of every service, on 12 partitions.
    #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
    pub instances: Vec<usize>,
    /// How many partitions of every topic, with one instance of every service.
    #[arg(long, value_delimiter = ',', default_value = "1,6,12,24")]
    pub partitions: Vec<i32>,
    /// How many orders wait when the burst begins. The load holds all of them in memory, 2 KB each.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    pub backlogs: Vec<usize>,
    /// How many customers have ordered once before the burst, which comes from them.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    pub customers: Vec<usize>,
    /// A few small cases only, to see that it works; its numbers say nothing.
    #[arg(long)]
    quick: bool,
    /// Print every measurement as JSON, instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Where results are kept.
    #[arg(long, value_name = "FOLDER", default_value = "bench/results")]
    pub results: PathBuf,
}

impl Settings {
    /// With small sizes, if it is to be quick.
    pub fn sized(self) -> Self {
        if !self.quick {
            return self;
        }
        Self {
            orders: 1_000,
            first_warm: 500,
            warm: 500,
            instances: vec![1, 2],
            partitions: vec![1, 6],
            backlogs: vec![1_000, 5_000],
            customers: vec![1_000, 5_000],
            ..self
        }
    }
}
