//! Writes a table in the layout of the Fraud Detection Handbook's data, simulated as the Handbook describes, to a file:
//! `cargo run -p fraud-model --example simulate_handbook -- handbook.csv [SEED]`.

use std::{fs::File, io::BufWriter};

use anyhow::{Context, Result};
use fraud_model::transactions::handbook::{Settings, write};

fn main() -> Result<()> {
    let mut given = std::env::args().skip(1);
    let path = given.next().context("which file? give a name")?;
    let seed = given.next().map_or(Ok(1), |seed| seed.parse()).context("the seed is not a number")?;
    let file = File::create(&path).with_context(|| format!("{path} cannot be written"))?;
    let (transactions, fraud) = write(BufWriter::new(file), Settings { seed, ..Settings::default() })?;
    println!("{path}: {transactions} transactions, {fraud} of them fraud");
    Ok(())
}
