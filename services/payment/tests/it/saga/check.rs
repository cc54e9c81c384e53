//! What must hold in the end.

use payment::{PaymentEvent, domain::reason};
use proptest::{prelude::*, prop_assert, prop_assert_eq};

use super::{
    bank::Account,
    log::{Entry, Input, Saying},
    world::World,
};

fn inputs_of(world: &World, order: usize) -> impl Iterator<Item = Input> {
    world.inputs.iter().filter(move |(of, _)| *of == order).map(|(_, input)| *input)
}

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
        let mut refunds = Vec::new();
        for input in inputs_of(self, order) {
            let said = said(input);
            prop_assert!(!said.is_empty(), "{input:?} was never answered");
            // Where there is nothing to say yet, or another says it, or it is on the log and the state was lost, nothing
            // may be said; but never two different things.
            let silent = Saying::Refund(None);
            let spoken = said.iter().filter(|saying| match input {
                Input::Callback(_) => saying.end().is_some(),
                Input::Shipping(_) => ***saying != silent,
                Input::Reserved | Input::Deadline => true,
            });
            let spoken: Vec<_> = spoken.collect();
            let same = spoken.windows(2).all(|pair| pair[0] == pair[1]);
            prop_assert!(same, "a repeat of {input:?} said something else");
            refunds.extend(said.into_iter().filter(|saying| matches!(saying, Saying::Refund(Some(_)))));
        }
        prop_assert!(refunds.windows(2).all(|pair| pair[0] == pair[1]), "refunded for two causes");

        self.check_end(&of_order, inputs_of(self, order).any(|input| input == Input::Reserved))?;

        let refunded = log
            .iter()
            .position(|(of, entry)| *of == order && matches!(entry, Entry::Said(_, Saying::Refund(Some(_)))));
        let (paid, shipped_not) =
            (self.paid(order), inputs_of(self, order).any(|input| matches!(input, Input::Shipping(_))));
        prop_assert_eq!(refunded.is_some(), shipped_not, "refunded when, and only when, it is not shipped");
        prop_assert!(refunded.is_none_or(|refunded| paid.is_some_and(|paid| paid < refunded)));
        self.check_books(order, paid.is_some(), refunded.is_some())?;
        self.check_cancel(order, said(Input::Reserved).first().copied(), &of_order)
    }

    /// The end of a payment is told once, by one alone, also of one that waited.
    fn check_end(&self, log: &[&Entry], is_reserved: bool) -> Result<(), TestCaseError> {
        let ends = log.iter().filter_map(|entry| match entry {
            Entry::Said(input, saying) => Some((input, saying.end()?)),
            Entry::CancelRequested => None,
        });
        let ends: Vec<_> = ends.collect();
        prop_assert_eq!(!ends.is_empty(), is_reserved, "what is reserved ends, and nothing else");
        prop_assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "the end is told by two: {ends:?}");
        Ok(())
    }

    fn check_books(&self, order: usize, paid: bool, refunded: bool) -> Result<(), TestCaseError> {
        let id = self.reserved[order].event.order.order_id;
        let Account { charges, refunds, .. } =
            self.books.lock().unwrap().get(&id).cloned().unwrap_or_default();
        prop_assert_eq!((charges, refunds), (u32::from(paid), u32::from(refunded)), "charges and refunds");
        Ok(())
    }

    fn check_cancel(&self, order: usize, said: Option<&Saying>, log: &[&Entry]) -> Result<(), TestCaseError> {
        let Some(Saying::Payment(Some(said))) = said else { return Ok(()) };
        let cancelled =
            matches!(said, PaymentEvent::PaymentFailed(event) if event.reason == reason::CANCELLED);
        prop_assert!(!cancelled || log.contains(&&Entry::CancelRequested), "nobody has asked for it");
        prop_assert!(cancelled || !self.in_time.contains(&order), "the cancel came in time");
        Ok(())
    }
}
