//! A gateway behind a breaker: while it is down it is not asked, and no order is blamed for it.

use orderflow::{
    breaker::{Breaker, Dependency},
    events::Order,
    fault::Fault,
};

use crate::gateway::{Answer, Gateway, Opened, Refunded, Standing};

/// The gateway, as its breaker sees it. A decline, a payment that is pending or a gateway that is busy is an answer;
/// so is one that is wrong.
pub const GATEWAY: Dependency = Dependency {
    name: "gateway",
    refusal: "gateway_breaker_open",
    outages: &["gateway_unavailable", "gateway_timeout", "gateway_unreadable"],
};

/// Asks the gateway behind it, unless the breaker is open. An answer that is out stays unknown until it closes: then
/// the same question is asked again under the same key.
pub struct GuardedGateway<G> {
    gateway: G,
    breaker: Breaker,
}

impl<G: Gateway> GuardedGateway<G> {
    /// The gateway behind this breaker.
    pub fn new(gateway: G, breaker: Breaker) -> Self {
        Self { gateway, breaker }
    }
}

impl<G: Gateway> Gateway for GuardedGateway<G> {
    async fn open(&self, order: &Order, key_is_known: bool) -> Result<Opened, Fault> {
        self.breaker.call(self.gateway.open(order, key_is_known)).await
    }

    async fn confirm(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        self.breaker.call(self.gateway.confirm(order, intent_id)).await
    }

    async fn look(&self, order: &Order, intent_id: &str) -> Result<Standing, Fault> {
        self.breaker.call(self.gateway.look(order, intent_id)).await
    }

    async fn find(&self, order: &Order) -> Result<Option<Answer>, Fault> {
        self.breaker.call(self.gateway.find(order)).await
    }

    async fn void(&self, order: &Order, intent_id: Option<&str>) -> Result<Answer, Fault> {
        self.breaker.call(self.gateway.void(order, intent_id)).await
    }

    async fn refund(&self, order: &Order, intent_id: &str) -> Result<Refunded, Fault> {
        self.breaker.call(self.gateway.refund(order, intent_id)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use orderflow::{
        breaker::Policy, clock::Clock, events::OrderPlaced, health::Health, health::Readiness, schemas,
    };

    use super::*;

    /// A gateway that is down, and how often it was asked.
    #[derive(Default)]
    struct Down(AtomicUsize);

    impl Down {
        fn asked<T>(&self) -> Result<T, Fault> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(Fault::transient("gateway_unavailable", "down"))
        }
    }

    impl Gateway for Down {
        async fn open(&self, _: &Order, _: bool) -> Result<Opened, Fault> {
            self.asked()
        }

        async fn confirm(&self, _: &Order, _: &str) -> Result<Standing, Fault> {
            self.asked()
        }

        async fn look(&self, _: &Order, _: &str) -> Result<Standing, Fault> {
            self.asked()
        }

        async fn find(&self, _: &Order) -> Result<Option<Answer>, Fault> {
            self.asked()
        }

        async fn void(&self, _: &Order, _: Option<&str>) -> Result<Answer, Fault> {
            self.asked()
        }

        async fn refund(&self, _: &Order, _: &str) -> Result<Refunded, Fault> {
            self.asked()
        }
    }

    /// Asks every question once: the codes of the faults.
    async fn asked_once(guarded: &GuardedGateway<Down>, order: &Order) -> Vec<&'static str> {
        vec![
            guarded.open(order, true).await.unwrap_err().code(),
            guarded.confirm(order, "pi_1").await.unwrap_err().code(),
            guarded.look(order, "pi_1").await.unwrap_err().code(),
            guarded.find(order).await.unwrap_err().code(),
            guarded.void(order, None).await.unwrap_err().code(),
            guarded.refund(order, "pi_1").await.unwrap_err().code(),
        ]
    }

    #[tokio::test]
    async fn a_gateway_that_is_down_is_left_alone_whatever_the_question() {
        let health = Health::default();
        let breaker = Breaker::new(GATEWAY, Policy::default(), Clock::system(), health.clone(), |_| {});
        let guarded = GuardedGateway::new(Down::default(), breaker);
        let (_, example) = schemas::examples("orders", "OrderPlaced").remove(0);
        let order = serde_json::from_str::<OrderPlaced>(example).unwrap().order;
        for _ in 0..3 {
            assert_eq!(asked_once(&guarded, &order).await.len(), 6);
        }
        assert_eq!(guarded.gateway.0.load(Ordering::Relaxed), 5, "three questions of each kind, five asked");
        assert_eq!(asked_once(&guarded, &order).await, ["gateway_breaker_open"; 6]);
        assert_eq!(health.readiness().0, Readiness::Degraded);
    }
}
