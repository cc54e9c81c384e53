//! The trial: what lies before the split trains, what lies behind it asks.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use recommendation::{
    decay::Decay,
    lesson::{Deed, Lesson},
    memory::Memory,
};
use uuid::Uuid;

use super::{
    baskets::{Basket, Sales},
    methods::{Asked, Methods, NAMES},
    metrics::Tally,
};

/// A month, as the shop's calendar of weeks has it.
const MONTH: SignedDuration = SignedDuration::from_hours(28 * 24);

/// The moment that separates training from test.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    /// When the test begins.
    pub at: Timestamp,
    /// When it ends.
    pub end: Timestamp,
}

impl Split {
    /// Before the last weeks; none where nothing lies before them.
    pub fn before_last(sales: &Sales, weeks: u8) -> Option<Self> {
        let end = sales.end()?;
        let at = end.checked_sub(SignedDuration::from_hours(i64::from(weeks) * 7 * 24)).ok()?;
        (sales.baskets.first()?.at < at).then_some(Self { at, end })
    }
}

/// What came out.
pub(super) struct Trial {
    /// Given the past and the lines above: the product on the next line. For each method.
    pub next_item: [Tally; NAMES.len()],
    /// Given the past: any new product of the basket. For each method.
    pub next_basket: [Tally; NAMES.len()],
    /// Customers who were asked about.
    pub customers: usize,
    /// Products sold before the split.
    pub products: usize,
    /// Baskets before the split.
    pub trained_by: usize,
}

impl Trial {
    /// Trains and asks.
    pub fn run(sales: &Sales, split: Split, decay: Decay, progress: impl Fn()) -> Self {
        let before = sales.baskets.partition_point(|basket| basket.at < split.at);
        let (training, test) = sales.baskets.split_at(before);
        let mut memory = Memory::new(decay, SignedDuration::ZERO);
        for (number, basket) in (0..).zip(training) {
            memory.learn(&lesson(number, basket, Deed::Ordered, &basket.skus));
            progress();
        }
        // From here on nothing is learnt of products: their relations stand as they were at the split.
        let products: HashSet<&str> = skus(training).collect();
        let relations = memory.relations(products.iter().copied());
        let lately = split.at.checked_sub(MONTH).unwrap_or(Timestamp::MIN);
        let methods = Methods::new(training.iter(), lately, relations);
        let mut trial = Self {
            next_item: Default::default(),
            next_basket: Default::default(),
            customers: 0,
            products: products.len(),
            trained_by: training.len(),
        };
        trial.ask(&methods, memory, training, test, progress);
        trial
    }

    /// Asks about every basket of a customer who had bought before the split. What such a customer has bought meanwhile
    /// is known when the next basket is asked about, as it would be to the service.
    fn ask(
        &mut self,
        methods: &Methods,
        mut memory: Memory,
        training: &[Basket],
        test: &[Basket],
        progress: impl Fn(),
    ) {
        let mut past: HashMap<&str, HashSet<&str>> = HashMap::new();
        for basket in training {
            if let Some(customer) = &basket.customer {
                past.entry(customer).or_default().extend(basket.skus.iter().map(String::as_str));
            }
        }
        let mut asked = HashSet::new();
        for basket in test {
            progress();
            let Some(customer) = &basket.customer else { continue };
            let Some(bought) = past.get_mut(customer.as_str()) else { continue };
            if basket.skus.iter().any(|sku| !bought.contains(sku.as_str())) {
                asked.insert(customer);
                self.about(basket, bought, methods, &mut memory);
            }
            bought.extend(basket.skus.iter().map(String::as_str));
            memory.remember(&lesson(0, basket, Deed::Ordered, &basket.skus));
        }
        self.customers = asked.len();
    }

    /// Asks both questions about one basket.
    fn about(&mut self, basket: &Basket, bought: &HashSet<&str>, methods: &Methods, memory: &mut Memory) {
        let unit = memory.unit(basket.at);
        let customer = basket.customer.as_deref().unwrap_or_default();
        let context = memory.context(customer);
        let new: HashSet<&str> =
            basket.skus.iter().map(String::as_str).filter(|sku| !bought.contains(sku)).collect();
        let answers = methods.answer(&Asked { context: &context, has: bought, unit });
        count(&mut self.next_basket, &answers, &new);

        let mut has = bought.clone();
        for (above, sku) in basket.skus.iter().enumerate() {
            if new.contains(sku.as_str()) {
                memory.remember(&lesson(0, basket, Deed::Cart, &basket.skus[..above]));
                let context = memory.context(customer);
                let answers = methods.answer(&Asked { context: &context, has: &has, unit });
                count(&mut self.next_item, &answers, &[sku.as_str()].into());
            }
            has.insert(sku);
        }
    }
}

fn count(tallies: &mut [Tally], answers: &[Vec<String>], targets: &HashSet<&str>) {
    for (tally, list) in tallies.iter_mut().zip(answers) {
        tally.count(list, targets);
    }
}

/// A basket, or a part of it, as the service would hear of it. Whoever is not known is somebody else each time.
fn lesson(number: u128, basket: &Basket, deed: Deed, skus: &[String]) -> Lesson {
    let customer = basket.customer.clone().unwrap_or_else(|| format!("guest-{number}"));
    Lesson { event: Uuid::from_u128(number), customer, at: basket.at, deed, skus: skus.to_vec() }
}

fn skus(baskets: &[Basket]) -> impl Iterator<Item = &str> {
    baskets.iter().flat_map(|basket| basket.skus.iter().map(String::as_str))
}
