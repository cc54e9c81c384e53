//! What an erasure found and did, for people and machines.

use std::fmt;

use jiff::Timestamp;
use orderflow::events::CustomerErased;
use serde::Serialize;
use uuid::Uuid;

use super::{super::table::table, traces::Traces};

/// One run's findings and effects.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub customer_id: String,
    /// Whether there is or was such a customer.
    pub is_known: bool,
    /// Whether this run was to erase, and did.
    pub is_done: bool,
    pub orders: usize,
    /// Every data key there has been.
    pub keys: Vec<Uuid>,
    /// How many of them could be read before.
    pub keys_readable: usize,
    pub keys_erased: usize,
    /// The paths of all label documents there have been.
    pub documents: Vec<String>,
    /// How many of them were still in the store.
    pub documents_deleted: usize,
    /// The CustomerErased that this run has put on `audit`.
    pub event_id: Option<Uuid>,
    /// Who erased the customer before, and when.
    pub erased_before: Option<(String, Timestamp)>,
}

impl Report {
    /// Of what there is, with nothing done.
    pub(super) fn found(customer: &str, found: &Traces) -> Self {
        let mut report = Self {
            customer_id: customer.to_owned(),
            is_known: found.is_known(),
            orders: found.orders(),
            keys: found.keys(),
            keys_readable: found.live_keys().len(),
            documents: found.documents(),
            ..Self::default()
        };
        report.tell_of(found.last_erasure());
        report
    }

    pub(super) fn tell_of(&mut self, last: Option<&CustomerErased>) {
        self.erased_before = last.map(|erasure| (erasure.erased_by.clone(), erasure.erased_at));
    }

    fn closing(&self) -> String {
        let Self { customer_id, keys_readable, documents_deleted, event_id, .. } = self;
        if !self.is_known {
            return format!("nothing is known of customer {customer_id}");
        }
        let before =
            self.erased_before.as_ref().map(|(by, at)| format!("erased by {by} on {}", at.strftime("%F %T")));
        match (self.is_done, event_id, before) {
            (false, _, Some(before)) if *keys_readable == 0 => {
                format!("nothing was done: this was a look; customer {customer_id} was {before}")
            }
            (false, ..) => "nothing was done: this was a look".to_owned(),
            (true, None, Some(before)) if *documents_deleted == 0 => {
                format!("nothing was left of customer {customer_id}: {before}")
            }
            (true, Some(_), _) if *documents_deleted == 0 && !self.documents.is_empty() => {
                format!(
                    "customer {customer_id} is erased, but none of their documents was there: is it the right store?"
                )
            }
            (true, ..) => format!("customer {customer_id} is erased"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_known {
            let mut table = table(["what", "known", "now"]);
            let now = |done: String| if self.is_done { done } else { "untouched".to_owned() };
            let keys = format!("{}, of which {} readable", self.keys.len(), self.keys_readable);
            table.add_row([
                "orders".to_owned(),
                self.orders.to_string(),
                "kept, without a person".to_owned(),
            ]);
            table.add_row(["data keys".to_owned(), keys, now(format!("{} erased", self.keys_erased))]);
            let deleted = now(format!("{} deleted", self.documents_deleted));
            table.add_row(["label documents".to_owned(), self.documents.len().to_string(), deleted]);
            let note = match self.event_id {
                Some(id) => format!("noted as {id}"),
                None => "nothing new to note".to_owned(),
            };
            let audits = self.erased_before.as_ref().map_or("nothing", |_| "erased before");
            table.add_row(["audit".to_owned(), audits.to_owned(), now(note)]);
            writeln!(f, "{table}")?;
        }
        f.write_str(&self.closing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(is_known: bool, is_done: bool, deleted: usize, event_id: Option<Uuid>) -> Report {
        let (customer_id, documents_deleted) = ("c1".to_owned(), deleted);
        let documents = vec!["a.zpl".to_owned(), "a.pdf".to_owned()];
        Report { customer_id, is_known, is_done, documents_deleted, event_id, documents, ..Report::default() }
    }

    #[test]
    fn the_last_line_says_what_became_of_the_customer() {
        assert_eq!(report(false, false, 0, None).to_string(), "nothing is known of customer c1");
        assert_eq!(report(true, false, 0, None).closing(), "nothing was done: this was a look");
        assert_eq!(report(true, true, 2, Some(Uuid::nil())).closing(), "customer c1 is erased");
        let nowhere = report(true, true, 0, Some(Uuid::nil())).closing();
        assert!(nowhere.ends_with("is it the right store?"), "{nowhere}");
        let before = Some(("support-7".to_owned(), Timestamp::UNIX_EPOCH));
        let again = Report { erased_before: before, ..report(true, true, 0, None) };
        let closing = "nothing was left of customer c1: erased by support-7 on 1970-01-01 00:00:00";
        assert_eq!(again.closing(), closing);
        assert!(again.to_string().contains("0 deleted") && again.to_string().ends_with(closing));
    }
}
