//! Who tells: one way out for each channel.

use async_trait::async_trait;
use orderflow::events::{NotificationDue, Subscription};

use crate::verdict::Answer;

/// Tells a subscription of something, once. Never in parallel for one lane.
#[async_trait]
pub trait Courier: Send + Sync + 'static {
    /// Which channel it serves, such as [`orderflow::events::WEBHOOK`].
    fn channel(&self) -> &'static str;

    /// What has been answered, within the courier's own deadline.
    async fn tell(&self, due: &NotificationDue, subscription: &Subscription) -> Answer;

    /// Whether a lane that fails for too long is a whole endpoint, which is given up then.
    fn gives_up_endpoints(&self) -> bool;
}
