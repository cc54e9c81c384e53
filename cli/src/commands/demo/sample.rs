//! One day of a real shop, replayed before the simulated customers come.

use std::io::Write;

use anyhow::{Context, Result, ensure};
use orderflow::money::money;
use tempfile::NamedTempFile;

use super::{funnel::Funnel, stage::Stage};
use crate::{
    commands::load::new_run,
    environment::DEMO_CATALOGUE,
    invoices::{Books, Catalogue, Fate, Pace, Period, Report, SkuOf, plan, read_from, replay},
    load::{Answer, Outcome, Shop},
};

/// The day (deploy/samples/online-retail), so that the command works without the source tree.
const DAY: &[u8] = include_bytes!("../../../../deploy/samples/online-retail/2011-06-10.csv");
/// Orders a second: the day in two seconds.
const RATE: f64 = 25.0;
/// Most requests under way.
const IN_FLIGHT: usize = 100;

/// The day's invoices, and the demo shop's own goods.
pub(super) struct Sample {
    books: Books,
    own: Catalogue,
}

impl Sample {
    /// Reads it.
    ///
    /// # Errors
    /// When it is not what it was.
    pub(super) fn read() -> Result<Self> {
        let rows = read_from("the sample of invoices", DAY)?;
        Ok(Self { books: Books::of(rows, Period::default())?, own: Catalogue::parse(DEMO_CATALOGUE)? })
    }

    /// How many orders it has.
    pub(super) fn orders(&self) -> u32 {
        self.books.sales.len() as u32
    }

    /// A file with the demo shop's catalogue and the day's goods.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn catalogue(&self) -> Result<NamedTempFile> {
        let both = Catalogue::of(&self.books, Some(self.own.clone()))?;
        let mut file = NamedTempFile::new().context("making a file for the catalogue")?;
        file.write_all(both.to_yaml()?.as_bytes()).context("writing the catalogue")?;
        Ok(file)
    }

    /// The shop without the day's goods: simulated customers buy what they would have bought anyway.
    pub(super) fn own_goods(&self, shop: &Shop) -> Shop {
        let own = self.own.skus();
        let mut shop = shop.clone();
        shop.products.retain(|product| own.has(&product.sku));
        shop
    }

    /// Places the day's orders.
    ///
    /// # Errors
    /// When one is not accepted, or a cancel not taken.
    pub(super) async fn replay(&self, stage: &Stage<'_>, funnel: &mut Funnel) -> Result<Report> {
        let Stage { client, url, shop, people, board, .. } = stage;
        let plan = plan(&self.books, &SkuOf::of(shop), Pace::Rate(RATE), usize::MAX, &new_run());
        let heard = |answer: &Answer| {
            if let Outcome::Accepted { order_id, .. } = answer.outcome {
                board.accepted(order_id, None, answer.at);
            }
            funnel.show(&board.snapshot());
        };
        let report = replay(client.clone(), url, people.desk(), plan, IN_FLIGHT, heard).await;
        ensure!(
            report.is_well() && report.requests.accepted == report.invoices,
            "not all invoices were accepted: {report:?}"
        );
        Ok(report)
    }
}

/// A replay in a line.
pub(super) fn line(report: &Report) -> String {
    let Report { invoices, rows, accepted_total, cancellations, .. } = report;
    let requested = cancellations.get(&Fate::Requested).copied().unwrap_or_default();
    let returns = cancellations.values().sum::<u64>() - requested;
    let others: u64 = report.other_rows.values().sum();
    let total = money(*accepted_total, "GBP");
    format!(
        "invoices: {invoices} orders over {total} from a real shop's day of {rows} rows; {requested} of its \
         cancellations came in time, {returns} are returns; {others} rows are no sales"
    )
}
