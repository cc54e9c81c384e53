//! What the shop sells, as its own catalogue tells.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// `GET /catalogue`.
#[derive(Debug, Clone, Deserialize)]
pub struct Shop {
    /// For sale.
    pub products: Vec<Product>,
}

/// One product.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    /// Stock keeping unit.
    pub sku: String,
    /// Minor units, by currency.
    pub prices: BTreeMap<String, i64>,
}

impl Shop {
    /// Asks the intake at `url`.
    ///
    /// # Errors
    /// When it does not answer, or sells nothing.
    pub async fn ask(client: &reqwest::Client, url: &str) -> Result<Self> {
        let url = format!("{}/catalogue", url.trim_end_matches('/'));
        let answer = client.get(&url).send().await.with_context(|| format!("{url} does not answer"))?;
        let shop: Self =
            answer.error_for_status()?.json().await.with_context(|| format!("{url} tells no catalogue"))?;
        ensure!(!shop.products.is_empty(), "{url}: nothing is for sale");
        Ok(shop)
    }

    /// Products with a price in this currency, cheapest first.
    #[must_use]
    pub fn by_price(&self, currency: &str) -> Vec<(&str, i64)> {
        let priced = |product: &'_ Product| product.prices.get(currency).copied();
        let mut products: Vec<(&str, i64)> = self
            .products
            .iter()
            .filter_map(|product| Some((product.sku.as_str(), priced(product)?)))
            .collect();
        products.sort_by_key(|(sku, price)| (*price, *sku));
        products
    }
}
