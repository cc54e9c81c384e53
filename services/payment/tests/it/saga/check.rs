//! What must hold in the end.

use payment::{PaymentEvent, domain::reason};
use proptest::{prelude::*, prop_assert, prop_assert_eq};

use super::{
    bank::Account,
    world::{Entry, Input, Saying, World},
};

impl World {
    /// What must hold for an order in the end.
    pub fn check(&self, order: usize) -> Result<(), TestCaseError> {
        let log = self.log.lock().unwrap().clone();
        let of_order: Vec<&Entry> =
            log.iter().filter(|(of, _)| *of == order).map(|(_, entry)| entry).collect();
        let said = |input: Input| -> Vec<&Saying> {
            let said = of_order.iter().filter_map(|entry| match entry {
                Entry::Said(to, saying) if *to == input => Some(saying),
                _ => None,
            });
            said.collect()
        };
        let inputs = self.inputs.iter().filter(|(of, _)| *of == order).map(|(_, input)| *input);
        let mut refunds = Vec::new();
        for input in inputs {
            let said = said(input);
            prop_assert!(!said.is_empty(), "{input:?} was never answered");
            prop_assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "a repeat said something else");
            refunds.extend(said.into_iter().filter(|saying| matches!(saying, Saying::Refund(Some(_)))));
        }
        prop_assert!(refunds.windows(2).all(|pair| pair[0] == pair[1]), "refunded for two causes");

        let refunded = log
            .iter()
            .position(|(of, entry)| *of == order && matches!(entry, Entry::Said(_, Saying::Refund(Some(_)))));
        let (paid, shipped_not) =
            (self.paid(order), self.inputs.iter().any(|(of, i)| *of == order && *i != Input::Reserved));
        prop_assert_eq!(refunded.is_some(), shipped_not, "refunded when, and only when, it is not shipped");
        prop_assert!(refunded.is_none_or(|refunded| paid.is_some_and(|paid| paid < refunded)));
        self.check_books(order, paid.is_some(), refunded.is_some())?;
        self.check_cancel(order, said(Input::Reserved).first().copied(), &of_order)
    }

    fn check_books(&self, order: usize, paid: bool, refunded: bool) -> Result<(), TestCaseError> {
        let id = self.reserved[order].event.order.order_id;
        let Account { charges, refunds, .. } =
            self.books.lock().unwrap().get(&id).cloned().unwrap_or_default();
        prop_assert_eq!((charges, refunds), (u32::from(paid), u32::from(refunded)), "charges and refunds");
        Ok(())
    }

    fn check_cancel(&self, order: usize, said: Option<&Saying>, log: &[&Entry]) -> Result<(), TestCaseError> {
        let Some(Saying::Payment(said)) = said else { return Ok(()) };
        let cancelled =
            matches!(said, PaymentEvent::PaymentFailed(event) if event.reason == reason::CANCELLED);
        prop_assert!(!cancelled || log.contains(&&Entry::CancelRequested), "nobody has asked for it");
        prop_assert!(cancelled || !self.in_time.contains(&order), "the cancel came in time");
        Ok(())
    }
}
