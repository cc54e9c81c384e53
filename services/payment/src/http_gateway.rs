//! The gateway over HTTP: which of Stripe's requests answers which question. [`crate::stripe`] sends them.

use orderflow::{events::Order, fault::Fault};

use crate::{
    answers::{Found, Refusal, Said},
    config::GatewaySettings,
    domain::reason,
    gateway::{Answer, Gateway, Opened, Refunded, Standing, never_charged},
    intent::{self, Intent},
    refund::{self, Refund},
    stripe::{Stripe, counts_alike},
};

/// A gateway with Stripe's API.
pub struct HttpGateway(Stripe);

impl HttpGateway {
    /// A gateway; nothing is asked yet.
    ///
    /// # Errors
    /// Those of [`Stripe::new`].
    pub fn new(settings: &GatewaySettings) -> Result<Self, Fault> {
        Stripe::new(settings).map(Self)
    }

    /// The order's intents as the gateway's search knows them.
    async fn intents(&self, order: &Order) -> Result<Vec<Intent>, Fault> {
        match self.0.search(order).await? {
            Said::Done(Found { data }) => Ok(data),
            Said::Refused(_) => Err(out_of_place("a search")),
        }
    }

    /// The intent that speaks for the order, if the search knows one.
    async fn found(&self, order: &Order) -> Result<Option<Opened>, Fault> {
        let intents = self.intents(order).await?;
        let Some((intent, _)) = intent::speaker(&intents, order)? else { return Ok(None) };
        Ok(Some(Opened::Known { intent_id: intent.id()? }))
    }

    /// What an intent says. One that was declined is cancelled before it counts: it would take another card.
    async fn read(&self, intent: &Intent, order: &Order) -> Result<Standing, Fault> {
        match intent.standing(order)? {
            Standing::Decided(declined @ Answer::Declined { .. }) if !intent.is_voided() => {
                self.declined(declined, order, &intent.id()?).await
            }
            standing => Ok(standing),
        }
    }

    async fn declined(&self, declined: Answer, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        Ok(Standing::Decided(match self.cancel(order, intent_id).await? {
            charged @ Answer::Charged { .. } => charged,
            Answer::Declined { .. } | Answer::Voided => declined,
        }))
    }

    /// Cancels an intent, unless it was charged; what it says of the order then.
    async fn cancel(&self, order: &Order, intent_id: &str) -> Result<Answer, Fault> {
        let intent = match self.0.cancel(order, intent_id).await? {
            Said::Done(intent) | Said::Refused(Refusal::OtherState(intent)) => intent,
            Said::Refused(Refusal::Missing) => return Err(unknown(order)),
            Said::Refused(_) => return Err(out_of_place("a cancellation")),
        };
        match intent.standing(order)? {
            Standing::Decided(charged @ Answer::Charged { .. }) => Ok(charged),
            Standing::Decided(answer) if intent.is_voided() => Ok(answer),
            _ => Err(Fault::transient("gateway_pending", "the gateway has not cancelled the payment yet")),
        }
    }

    /// Asks for a refund of the order's total; what was made, if anything was.
    async fn create_refund(&self, order: &Order, intent_id: &str) -> Result<Vec<Refund>, Fault> {
        match self.0.refund(order, intent_id).await? {
            Said::Done(refund) => Ok(vec![refund]),
            Said::Refused(Refusal::OtherState(_) | Refusal::Missing) => Err(never_charged(order)),
            // Whether somebody else has refunded is found out next.
            Said::Refused(Refusal::AlreadyRefunded | Refusal::KeyTaken | Refusal::Declined(_)) => {
                Ok(Vec::new())
            }
        }
    }

    /// The refunds of an intent, newest first.
    async fn refunds(&self, order: &Order, intent_id: &str) -> Result<Vec<Refund>, Fault> {
        match self.0.refunds(order, intent_id).await? {
            Said::Done(Found { data }) => Ok(data),
            Said::Refused(_) => Err(out_of_place("a list of refunds")),
        }
    }

    /// An intent; `None` when the gateway has none with this id.
    async fn intent(&self, order: &Order, intent_id: &str) -> Result<Option<Intent>, Fault> {
        match self.0.intent(order, intent_id).await? {
            Said::Done(intent) => Ok(Some(intent)),
            Said::Refused(Refusal::Missing) => Ok(None),
            Said::Refused(_) => Err(out_of_place("a question for a payment")),
        }
    }
}

impl Gateway for HttpGateway {
    async fn open(&self, order: &Order, key_is_known: bool) -> Result<Opened, Fault> {
        if !key_is_known && let Some(known) = self.found(order).await? {
            return Ok(known);
        }
        if !counts_alike(&order.currency) {
            // It would be charged a hundredth, or a hundredfold.
            let reason = reason::REFUSED_BY_GATEWAY;
            return Ok(Opened::Refused(Answer::Declined { reason, code: None }));
        }
        let told = self.0.create(order).await?;
        match told.said {
            Said::Done(intent) => {
                intent.is_for(order)?;
                let intent_id = intent.id()?;
                // A repeat hears how the intent stood when it was made.
                Ok(if told.is_replayed { Opened::Known { intent_id } } else { Opened::Fresh { intent_id } })
            }
            Said::Refused(Refusal::Declined(answer)) => Ok(Opened::Refused(answer)),
            Said::Refused(Refusal::KeyTaken) => {
                let message = "the order's key at the gateway belongs to another payment than this one";
                let taken = || Fault::poison("charge_mismatch", message);
                self.found(order).await?.ok_or_else(taken)
            }
            Said::Refused(_) => Err(out_of_place("a new payment")),
        }
    }

    async fn confirm(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        let told = self.0.confirm(order, intent_id).await?;
        match told.said {
            Said::Done(_) if told.is_replayed => self.look(order, intent_id).await,
            Said::Done(intent) | Said::Refused(Refusal::OtherState(intent)) => {
                self.read(&intent, order).await
            }
            Said::Refused(Refusal::Declined(answer)) => self.declined(answer, order, intent_id).await,
            Said::Refused(Refusal::KeyTaken) => self.look(order, intent_id).await,
            Said::Refused(Refusal::Missing) => Err(unknown(order)),
            Said::Refused(Refusal::AlreadyRefunded) => Err(out_of_place("a charge")),
        }
    }

    async fn look(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        let intent = self.intent(order, intent_id).await?.ok_or_else(|| unknown(order))?;
        self.read(&intent, order).await
    }

    async fn find(&self, order: &Order) -> Result<Option<Answer>, Fault> {
        let intents = self.intents(order).await?;
        Ok(match intent::speaker(&intents, order)? {
            Some((_, Standing::Decided(answer))) => Some(answer),
            Some((_, Standing::Unconfirmed | Standing::Waiting)) | None => None,
        })
    }

    async fn void(&self, order: &Order, intent_id: Option<&str>) -> Result<Answer, Fault> {
        let mut ids: Vec<String> = intent_id.map(str::to_owned).into_iter().collect();
        if ids.is_empty() {
            let intents = self.intents(order).await?;
            if let Some((_, Standing::Decided(charged @ Answer::Charged { .. }))) =
                intent::speaker(&intents, order)?
            {
                return Ok(charged);
            }
            ids = intents.iter().map(Intent::id).collect::<Result<_, _>>()?;
        }
        if ids.is_empty() {
            // Opening finds what the search does not know yet, and takes the key, so that whoever charges meets it.
            match self.open(order, true).await? {
                Opened::Fresh { intent_id } | Opened::Known { intent_id } => ids.push(intent_id),
                Opened::Refused(answer) => return Ok(answer),
            }
        }
        let mut answer = Answer::Voided;
        for intent_id in &ids {
            answer = self.cancel(order, intent_id).await?;
            if matches!(answer, Answer::Charged { .. }) {
                break;
            }
        }
        Ok(answer)
    }

    async fn refund(&self, order: &Order, intent_id: &str) -> Result<Refunded, Fault> {
        let Some(intent) = self.intent(order, intent_id).await? else { return Err(never_charged(order)) };
        let Standing::Decided(Answer::Charged { .. }) = intent.standing(order)? else {
            return Err(never_charged(order));
        };
        if !intent.is_refunded() {
            let made = self.create_refund(order, intent_id).await?;
            if let Some(refunded) = refund::together(&made, order, intent_id)? {
                return Ok(refunded);
            }
        }
        let held = self.refunds(order, intent_id).await?;
        refund::together(&held, order, intent_id)?.ok_or_else(|| refund::failed(order))
    }
}

fn unknown(order: &Order) -> Fault {
    let message = format!("the gateway does not know its own payment of the order ({})", order.order_id);
    Fault::poison("charge_mismatch", message)
}

fn out_of_place(request: &str) -> Fault {
    Fault::poison(
        "gateway_rejects_request",
        format!("the gateway answers {request} as if it were another request"),
    )
}
