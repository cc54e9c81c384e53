//! `orderflow catalogue from-invoices`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use super::print;
use crate::invoices::{Books, Catalogue, Period, read};

const EXAMPLES: &str = "\
Examples:
  orderflow catalogue from-invoices year.csv.gz --out catalogue.yaml
  orderflow catalogue from-invoices year.csv.gz --join deploy/catalogue/demo.yaml --out both.yaml

Start order-intake with it (CATALOGUE, and SEED_STOCK=true for its stock), then replay the file with
`orderflow load --invoices`.

Each price of a thing is a SKU: the one that most invoices have is the stock code itself, any other is the
stock code, a dot and the pence, as 22386.208. Stock is ten times what the file sells. With --join the version is a
new one, so seeding delivers the stock of the joined products once more where it was delivered before.";

/// What a shop sells, as the file that order-intake reads.
#[derive(Debug, Subcommand)]
pub(super) enum Catalogues {
    /// Makes a catalogue of everything that a file of invoices sells, at its prices.
    FromInvoices(FromInvoices),
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FromInvoices {
    /// Invoices: CSV or CSV in gzip.
    file: PathBuf,
    /// A catalogue to add the goods to.
    #[arg(long, value_name = "CATALOGUE")]
    join: Option<PathBuf>,
    /// Where to write it [default: standard output].
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Catalogues {
    pub(super) fn run(self) -> Result<bool> {
        let Self::FromInvoices(FromInvoices { file, join, out }) = self;
        let books = Books::of(read(&file)?, Period::default())?;
        let base = join.map(|path| {
            let named = || path.display().to_string();
            Catalogue::parse(&std::fs::read_to_string(&path).with_context(named)?).with_context(named)
        });
        let catalogue = Catalogue::of(&books, base.transpose()?)?;
        let yaml = catalogue.to_yaml()?;
        match &out {
            None => print(yaml.trim_end())?,
            Some(path) => std::fs::write(path, yaml).with_context(|| path.display().to_string())?,
        }
        eprintln!("{} products, of {} rows that sell goods", catalogue.len(), books.sale_rows);
        Ok(true)
    }
}
