//! A carrier behind a breaker: while it is down it is not asked, and no order is blamed for it.

use async_trait::async_trait;
use orderflow::{
    breaker::{Breaker, Dependency},
    fault::Fault,
};
use uuid::Uuid;

use crate::{
    carrier::{Answer, Carrier, Label, Parcel},
    pickups::Window,
};

/// The carrier, as its breaker sees it. A refusal or a carrier that is busy is an answer; so is one that is wrong.
pub const CARRIER: Dependency = Dependency {
    name: "carrier",
    refusal: "carrier_breaker_open",
    outages: &["carrier_unavailable", "carrier_timeout", "carrier_unreadable"],
};

/// Asks the carrier behind it, unless the breaker is open. An answer that is out stays unknown until it closes: then
/// the same question is asked again for the same order.
pub struct GuardedCarrier<C> {
    carrier: C,
    breaker: Breaker,
}

impl<C: Carrier> GuardedCarrier<C> {
    /// The carrier behind this breaker.
    pub fn new(carrier: C, breaker: Breaker) -> Self {
        Self { carrier, breaker }
    }
}

#[async_trait]
impl<C: Carrier> Carrier for GuardedCarrier<C> {
    async fn buy(&self, parcel: &Parcel<'_>) -> Result<Answer, Fault> {
        self.breaker.call(self.carrier.buy(parcel)).await
    }

    async fn find(&self, order_id: Uuid) -> Result<Option<Label>, Fault> {
        self.breaker.call(self.carrier.find(order_id)).await
    }

    async fn void(&self, order_id: Uuid) -> Result<Option<Label>, Fault> {
        self.breaker.call(self.carrier.void(order_id)).await
    }

    async fn book(&self, window: Window, depot: &str) -> Result<String, Fault> {
        self.breaker.call(self.carrier.book(window, depot)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::Timestamp;
    use orderflow::{
        breaker::Policy,
        clock::Clock,
        health::{Health, Readiness},
        sealed::Person,
    };
    use serde_json::json;

    use super::*;

    /// A carrier that is down, and how often it was asked.
    #[derive(Default)]
    struct Down(AtomicUsize);

    impl Down {
        fn asked<T>(&self) -> Result<T, Fault> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(Fault::transient("carrier_timeout", "down"))
        }
    }

    #[async_trait]
    impl Carrier for Down {
        async fn buy(&self, _: &Parcel<'_>) -> Result<Answer, Fault> {
            self.asked()
        }

        async fn find(&self, _: Uuid) -> Result<Option<Label>, Fault> {
            self.asked()
        }

        async fn void(&self, _: Uuid) -> Result<Option<Label>, Fault> {
            self.asked()
        }

        async fn book(&self, _: Window, _: &str) -> Result<String, Fault> {
            self.asked()
        }
    }

    #[tokio::test]
    async fn a_carrier_that_is_down_is_left_alone_whatever_the_question() {
        let health = Health::default();
        let breaker = Breaker::new(CARRIER, Policy::default(), Clock::system(), health.clone(), |_| {});
        let guarded = GuardedCarrier::new(Down::default(), breaker);
        let window = Window { start: Timestamp::UNIX_EPOCH, end: Timestamp::UNIX_EPOCH };
        let to = json!({ "name": "Ann", "email": "ann@shop.example",
            "address": { "line1": "1 High Street", "city": "Leeds", "country": "GB" } });
        let to: Person = serde_json::from_value(to).unwrap();
        let parcel = Parcel { order_id: Uuid::nil(), service_level: "standard", to: &to, weight_grams: 250 };
        for _ in 0..3 {
            guarded.buy(&parcel).await.unwrap_err();
            guarded.find(Uuid::nil()).await.unwrap_err();
            guarded.void(Uuid::nil()).await.unwrap_err();
            guarded.book(window, "depot-1").await.unwrap_err();
        }
        assert_eq!(guarded.carrier.0.load(Ordering::Relaxed), 5, "three questions of each kind, five asked");
        let refused = [
            guarded.buy(&parcel).await.unwrap_err().code(),
            guarded.find(Uuid::nil()).await.unwrap_err().code(),
            guarded.void(Uuid::nil()).await.unwrap_err().code(),
            guarded.book(window, "depot-1").await.unwrap_err().code(),
        ];
        assert_eq!(refused, ["carrier_breaker_open"; 4]);
        assert_eq!(health.readiness().0, Readiness::Degraded);
    }
}
