//! A model of a gateway: books, keys that are forgotten after a day, a search that knows nothing young, and calls that a
//! test can hold up.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use orderflow::{clock::Clock, events::Order, fault::Fault};
use payment::{
    domain::reason,
    gateway::{Answer, Gateway, Opened, Refunded, Standing, never_charged},
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24);
const SEARCH_LAG: SignedDuration = SignedDuration::from_hours(1);

/// The books of all orders.
pub type Books = Arc<Mutex<HashMap<Uuid, Account>>>;

/// An order's account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Its payments, oldest first, and when each was opened.
    intents: Vec<(Standing, Timestamp)>,
    /// Which of them the order's key stands for.
    key: Option<usize>,
    /// What was decided and is not called back yet.
    pub callbacks: u32,
    /// How often money came in, and went back.
    pub charges: u32,
    pub refunds: u32,
}

impl Account {
    /// The payment the order's key stands for, while it is remembered.
    fn keyed(&self, now: Timestamp) -> Option<usize> {
        self.key.filter(|key| now.duration_since(self.intents[*key].1) < KEY_LIFE)
    }

    /// Payments that the search knows.
    fn searched(&self, now: Timestamp) -> Vec<usize> {
        let known = |(_, at): &(Standing, Timestamp)| now.duration_since(*at) >= SEARCH_LAG;
        (0..self.intents.len()).filter(|i| known(&self.intents[*i])).collect()
    }

    /// The one that speaks for the order: charged, else open, else the last.
    fn speaker(&self, among: &[usize]) -> Option<usize> {
        let rank = |i: &usize| match self.intents[*i].0 {
            Standing::Decided(Answer::Charged { .. }) => 2,
            Standing::Unconfirmed | Standing::Waiting => 1,
            Standing::Decided(_) => 0,
        };
        among.iter().copied().max_by_key(rank)
    }

    fn open(&mut self, now: Timestamp) -> Opened {
        if let Some(key) = self.keyed(now) {
            return Opened::Known { intent_id: id(key) };
        }
        self.intents.push((Standing::Unconfirmed, now));
        self.key = Some(self.intents.len() - 1);
        Opened::Fresh { intent_id: id(self.intents.len() - 1) }
    }

    fn decide(&mut self, intent: usize, answer: Answer) -> Standing {
        self.charges += u32::from(matches!(answer, Answer::Charged { .. }));
        self.callbacks += 1;
        self.intents[intent].0 = Standing::Decided(answer);
        self.intents[intent].0.clone()
    }

    fn confirm(&mut self, intent: usize, token: &str) -> Standing {
        match (&self.intents[intent].0, token) {
            (Standing::Unconfirmed, "tok_visa") => self.charge(intent),
            (Standing::Unconfirmed, "tok_asks") => {
                self.intents[intent].0 = Standing::Waiting;
                Standing::Waiting
            }
            (Standing::Unconfirmed, _) => self.decline(intent),
            (standing, _) => standing.clone(),
        }
    }

    fn charge(&mut self, intent: usize) -> Standing {
        self.decide(intent, Answer::Charged { intent_id: id(intent) })
    }

    fn decline(&mut self, intent: usize) -> Standing {
        self.decide(intent, Answer::Declined { reason: reason::DECLINED, code: None })
    }

    /// What the customer says to a payment that asks them.
    pub fn customer(&mut self, says_yes: bool) {
        let waiting = self.intents.iter().position(|(standing, _)| *standing == Standing::Waiting);
        if let Some(intent) = waiting {
            let _ = if says_yes { self.charge(intent) } else { self.decline(intent) };
        }
    }

    fn cancel(&mut self, intent: usize) -> Answer {
        let standing = match &self.intents[intent].0 {
            Standing::Decided(answer) => return answer.clone(),
            Standing::Unconfirmed | Standing::Waiting => self.decide(intent, Answer::Voided),
        };
        let Standing::Decided(answer) = standing else { panic!("it was decided") };
        answer
    }

    fn void(&mut self, intent_id: Option<&str>, now: Timestamp) -> Answer {
        let mut among = intent_id.map_or_else(|| self.searched(now), |intent_id| vec![number(intent_id)]);
        if among.is_empty() {
            let (Opened::Fresh { intent_id } | Opened::Known { intent_id }) = self.open(now) else {
                panic!("it takes any card")
            };
            among.push(number(&intent_id));
        }
        let answers: Vec<Answer> = among.into_iter().map(|intent| self.cancel(intent)).collect();
        let charged = answers.iter().find(|answer| matches!(answer, Answer::Charged { .. }));
        charged.or(answers.last()).cloned().unwrap()
    }
}

fn id(intent: usize) -> String {
    format!("pi_{intent}")
}

fn number(intent_id: &str) -> usize {
    intent_id[3..].parse().unwrap()
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
pub struct Bank {
    pub books: Books,
    pub clock: Clock,
    pub fate: Fate,
    pub turns: mpsc::UnboundedSender<Turn>,
}

impl Bank {
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

impl Gateway for Bank {
    async fn open(&self, order: &Order, key_is_known: bool) -> Result<Opened, Fault> {
        let now = self.clock.now();
        let open = |account: &mut Account| {
            let found = if key_is_known { Vec::new() } else { account.searched(now) };
            Ok(match account.speaker(&found) {
                Some(intent) => Opened::Known { intent_id: id(intent) },
                None => account.open(now),
            })
        };
        self.call(order, open).await
    }

    async fn confirm(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        self.call(order, |account| Ok(account.confirm(number(intent_id), &order.payment_token))).await
    }

    async fn look(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        self.call(order, |account| Ok(account.intents[number(intent_id)].0.clone())).await
    }

    async fn find(&self, order: &Order) -> Result<Option<Answer>, Fault> {
        let find = |account: &mut Account| {
            let all: Vec<usize> = (0..account.intents.len()).collect();
            Ok(account.speaker(&all).and_then(|intent| match &account.intents[intent].0 {
                Standing::Decided(answer) => Some(answer.clone()),
                Standing::Unconfirmed | Standing::Waiting => None,
            }))
        };
        self.call(order, find).await
    }

    async fn void(&self, order: &Order, intent_id: Option<&str>) -> Result<Answer, Fault> {
        let now = self.clock.now();
        self.call(order, |account| Ok(account.void(intent_id, now))).await
    }

    async fn refund(&self, order: &Order, intent_id: &str) -> Result<Refunded, Fault> {
        let refund = |account: &mut Account| match &account.intents[number(intent_id)].0 {
            Standing::Decided(Answer::Charged { .. }) => {
                account.refunds = 1; // it looks before it sends, so a second time changes nothing
                Ok(Refunded { refund_id: "re_1".to_owned() })
            }
            _ => Err(never_charged(order)),
        };
        self.call(order, refund).await
    }
}
