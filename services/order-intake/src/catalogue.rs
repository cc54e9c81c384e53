//! What is for sale: SKUs, prices, weights and the first stock, from a file.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use jiff::Timestamp;
use serde::Serialize;

use crate::catalogue_file;

/// Everything for sale. Does not change while the service runs.
#[derive(Debug)]
pub struct Catalogue {
    version: String,
    published_at: Timestamp,
    products: Vec<Product>,
    by_sku: HashMap<String, usize>,
}

/// One product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Stock keeping unit.
    pub sku: String,
    /// For people.
    pub name: String,
    /// Minor units, by ISO 4217 currency.
    pub prices: BTreeMap<String, i64>,
    /// Weight of one unit, packed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Units on the shelf when the shop opens: what seeding asks for.
    #[serde(skip)]
    pub stock: i64,
}

impl Catalogue {
    /// Reads a catalogue from a YAML file.
    ///
    /// # Errors
    /// All mistakes of the file at once.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| anyhow::anyhow!("cannot read the catalogue {}: {error}", path.display()))?;
        catalogue_file::parse(&text).map_err(|mistakes| {
            anyhow::anyhow!("the catalogue {} has mistakes:\n- {}", path.display(), mistakes.join("\n- "))
        })
    }

    /// A catalogue of these products, whose SKUs differ.
    pub fn new(version: String, published_at: Timestamp, products: Vec<Product>) -> Self {
        let by_sku =
            products.iter().enumerate().map(|(index, product)| (product.sku.clone(), index)).collect();
        Self { version, published_at, products, by_sku }
    }

    /// Names this catalogue and its delivery of stock: stock is seeded once per version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// When this version was published.
    pub fn published_at(&self) -> Timestamp {
        self.published_at
    }

    /// All products, as in the file.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The product with this SKU.
    pub fn product(&self, sku: &str) -> Option<&Product> {
        self.by_sku.get(sku).map(|index| &self.products[*index])
    }

    /// Currencies that at least one product has a price in, in order.
    pub fn currencies(&self) -> impl Iterator<Item = &str> {
        let known: std::collections::BTreeSet<_> =
            self.products.iter().flat_map(|product| product.prices.keys().map(String::as_str)).collect();
        known.into_iter()
    }

    /// Whether anything has a price in this currency.
    pub fn sells_in(&self, currency: &str) -> bool {
        self.products.iter().any(|product| product.prices.contains_key(currency))
    }
}
