//! A model of a gateway: books, keys that are forgotten after a day, and calls that a test can hold up.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use orderflow::{clock::Clock, events::Order, fault::Fault};
use payment::{
    domain::reason,
    gateway::{Answer, Gateway, Refunded, never_charged},
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// The books of all orders.
pub type Books = Arc<Mutex<HashMap<Uuid, Account>>>;

/// An order's account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// What the first request decided, and when.
    decided: Option<(Answer, Timestamp)>,
    /// How often money came in, and went back.
    pub charges: u32,
    pub refunds: u32,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Prompt,
    SlowRequest,
    SlowAnswer,
    LostAnswer,
    Down,
}

/// What a task tells of itself: held up until somebody lets it go on, or at its end.
pub enum Turn {
    Held(oneshot::Sender<()>),
    Ended,
}

/// The gateway, as one task calls it.
pub struct Teller {
    pub books: Books,
    pub clock: Clock,
    pub fate: Fate,
    pub turns: mpsc::UnboundedSender<Turn>,
}

impl Teller {
    async fn call<T>(
        &self,
        order: &Order,
        act: impl FnOnce(&mut Account) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        let act = || act(self.books.lock().unwrap().entry(order.order_id).or_default());
        let nothing = || Fault::transient("gateway_timeout", "no answer");
        match self.fate {
            Fate::Prompt => act(),
            Fate::Down => Err(nothing()),
            Fate::LostAnswer => {
                let _ = act();
                Err(nothing())
            }
            Fate::SlowRequest => {
                self.held().await;
                act()
            }
            Fate::SlowAnswer => {
                let answer = act();
                self.held().await;
                answer
            }
        }
    }

    async fn held(&self) {
        let (go_on, goes_on) = oneshot::channel();
        self.turns.send(Turn::Held(go_on)).unwrap();
        goes_on.await.unwrap();
    }
}

impl Gateway for Teller {
    async fn charge(&self, order: &Order) -> Result<Answer, Fault> {
        let now = self.clock.now();
        let charge = |account: &mut Account| match &account.decided {
            Some((answer, at)) if now.duration_since(*at) < KEY_LIFE => Ok(answer.clone()),
            // Whoever asks after the key's life without a look charges once more.
            _ => {
                let answer = if order.payment_token == "tok_visa" {
                    account.charges += 1;
                    Answer::Charged { intent_id: format!("pi_{}", account.charges) }
                } else {
                    Answer::Declined { reason: reason::DECLINED, code: None }
                };
                account.decided = Some((answer.clone(), now));
                Ok(answer)
            }
        };
        self.call(order, charge).await
    }

    async fn find(&self, order: &Order) -> Result<Option<Answer>, Fault> {
        self.call(order, |account| Ok(account.decided.clone().map(|(answer, _)| answer))).await
    }

    async fn void(&self, order: &Order) -> Result<Answer, Fault> {
        let now = self.clock.now();
        let void = |account: &mut Account| match &account.decided {
            Some((charged @ Answer::Charged { .. }, _)) => Ok(charged.clone()),
            _ => {
                account.decided = Some((Answer::Voided, now));
                Ok(Answer::Voided)
            }
        };
        self.call(order, void).await
    }

    async fn refund(&self, order: &Order, intent_id: &str) -> Result<Refunded, Fault> {
        let refund = |account: &mut Account| match &account.decided {
            Some((Answer::Charged { intent_id: charged }, _)) if charged == intent_id => {
                account.refunds = 1; // it looks before it sends, so a second time changes nothing
                Ok(Refunded { refund_id: "re_1".to_owned() })
            }
            _ => Err(never_charged(order)),
        };
        self.call(order, refund).await
    }
}
