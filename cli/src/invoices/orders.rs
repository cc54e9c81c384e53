//! Which order a cancellation takes back.

use std::collections::{HashMap, HashSet};

use super::{Return, Sale, books::by_code};

/// Orders by their buyers.
pub(super) struct Orders<'a> {
    sales: &'a [Sale],
    of: HashMap<&'a str, Vec<usize>>,
    /// Those that were taken back in whole.
    gone: HashSet<usize>,
}

/// What a cancellation takes back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// All of this order.
    Whole(usize),
    /// A part of an order, or its goods at another price.
    Part,
    /// Nothing that was ordered here.
    Nothing,
}

impl<'a> Orders<'a> {
    pub(super) fn of(sales: &'a [Sale]) -> Self {
        let mut of: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, sale) in sales.iter().enumerate() {
            if let Some(customer) = &sale.customer {
                of.entry(customer).or_default().push(index);
            }
        }
        Self { sales, of, gone: HashSet::new() }
    }

    /// The latest order of this buyer, up to this moment, with the very same goods at the same prices; each is taken back
    /// once. Guests cannot be told apart: theirs are never found.
    pub(super) fn find(&mut self, taken: &Return) -> Found {
        let customer = taken.customer.as_deref().unwrap_or_default();
        let orders = self.of.get(customer).into_iter().flatten().rev();
        let orders: Vec<usize> = orders
            .copied()
            .filter(|index| self.sales[*index].at <= taken.at && !self.gone.contains(index))
            .collect();
        let goods = by_code(&taken.units);
        let holds = |index: &usize| {
            let ordered = by_code(&self.sales[*index].units);
            goods.iter().all(|(code, units)| ordered.get(code).is_some_and(|has| has >= units))
        };
        match orders.iter().find(|index| self.sales[**index].units == taken.units) {
            Some(index) => {
                self.gone.insert(*index);
                Found::Whole(*index)
            }
            None if orders.iter().any(holds) => Found::Part,
            None => Found::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoices::books::tests::books;

    fn found(rows: &str) -> Vec<Found> {
        let books = books(rows);
        let mut orders = Orders::of(&books.sales);
        books.returns.iter().map(|taken| orders.find(taken)).collect()
    }

    #[test]
    fn all_of_an_order_is_the_latest_with_the_very_same_goods_at_the_same_prices() {
        let rows = "1 A 2 09:00 1.50 7 France
                    1 Q 1 09:00 1.50 7 France
                    2 A 2 09:01 1.50 7 France
                    2 Q 1 09:01 1.50 7 France
                    3 A 2 09:02 1.50 7 France
                    3 Q 1 09:02 1.75 7 France
                    C4 A -2 09:03 1.50 7 France
                    C4 Q -1 09:03 1.50 7 France";
        assert_eq!(found(rows), [Found::Whole(1)]);
    }

    #[test]
    fn an_order_is_taken_back_once() {
        let rows = "1 A 2 09:00 1.50 7 France
                    C2 A -2 09:01 1.50 7 France
                    C3 A -2 09:02 1.50 7 France";
        assert_eq!(found(rows), [Found::Whole(0), Found::Nothing]);
    }

    #[test]
    fn fewer_units_or_goods_are_a_part_and_so_are_all_at_another_price() {
        let rows = "1 A 2 09:00 1.50 7 France
                    1 Q 1 09:00 1.50 7 France
                    C2 A -1 09:01 1.50 7 France
                    C3 A -2 09:01 1.50 7 France
                    C4 A -3 09:01 1.50 7 France
                    C5 C -1 09:01 1.50 7 France
                    C6 A -2 09:01 1.25 7 France
                    C6 Q -1 09:01 1.50 7 France";
        assert_eq!(found(rows), [Found::Part, Found::Part, Found::Nothing, Found::Nothing, Found::Part]);
    }

    #[test]
    fn neither_others_orders_nor_later_ones_nor_guests_are_taken_back() {
        let rows = "1 A 2 09:00 1.50 7 France
                    2 A 2 09:05 1.50 8 France
                    3 A 2 09:00 1.50 - France
                    C4 A -2 09:01 1.50 8 France
                    C5 A -2 09:02 1.50 - France";
        assert_eq!(found(rows), [Found::Nothing, Found::Nothing]);
    }
}
