//! `POST /subscriptions`: somebody wants to be told.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Extension, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use orderflow::{
    events::{EMAIL, SealedSecret, Subscription, WEBHOOK},
    http::{Correlation, Mistakes, Problem, body, callers::Caller, kind::INVALID_FIELDS, random_id},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    announcement::{ALL, EVENTS},
    desk::{Desk, MAX_BODY, shown},
    letters,
};

/// Most characters of a description.
const MAX_DESCRIPTION: usize = 200;

/// What staff sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// `webhook`, unless it is `email`.
    #[serde(default = "webhook")]
    channel: String,
    /// Where webhooks go.
    #[serde(default)]
    url: Option<String>,
    /// Public names of events; `*` stands for all.
    events: Vec<String>,
    /// What it is for.
    #[serde(default)]
    description: String,
}

fn webhook() -> String {
    WEBHOOK.to_owned()
}

/// Handles `POST /subscriptions`. The signing secret is in this answer, and in no other.
///
/// # Errors
/// 403 unless the caller is staff; a problem for whatever is wrong with the body.
pub async fn subscribe(
    State(desk): State<Arc<Desk>>,
    Extension(correlation): Extension<Correlation>,
    request: Request,
) -> Result<Response, Problem> {
    let _place = desk.in_flight.enter()?;
    let caller = desk.staff(&request)?;
    let asked: Subscribe = body::json(request, MAX_BODY).await?;
    asked.check(&desk)?;
    let mut subscription = asked.subscription(&desk, &caller);
    let secret = match subscription.channel.as_str() {
        WEBHOOK => {
            let (sealed, secret): (SealedSecret, _) = desk.secrets.make(subscription.subscription_id)?;
            subscription.secrets.push(sealed);
            Some(secret)
        }
        _ => None,
    };
    desk.keep(&subscription, &correlation).await?;
    let id = subscription.subscription_id;
    tracing::info!(subscription_id = %id, channel = subscription.channel, correlation_id = correlation.id, "subscribed");
    let mut answer = shown(&subscription, desk.clock.now());
    if let Some(secret) = secret {
        answer["secret"] = json!(secret.text().as_str());
    }
    let headers =
        [(header::LOCATION, format!("/subscriptions/{id}")), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
}

impl Subscribe {
    /// All that is wrong with it.
    fn check(&self, desk: &Desk) -> Result<(), Problem> {
        let mut mistakes = Mistakes::new();
        let is_email = self.channel == EMAIL;
        let is_known = is_email || self.channel == WEBHOOK;
        mistakes.expect(is_known, "/channel", "unknown", "webhook or email");
        let can = desk.sends_mail || !is_email;
        mistakes.expect(can, "/channel", "no_mail_server", "webhook: this service has no SMTP_HOST");
        match &self.url {
            Some(_) if is_email => mistakes.add("/url", "unexpected", "none: e-mail goes to each customer"),
            Some(url) => {
                if let Err(wanted) = desk.allowed.read(url) {
                    mistakes.add("/url", "not_allowed", wanted);
                }
            }
            None => mistakes.expect(is_email, "/url", "missing", "an https URL on the public internet"),
        }
        let count = self.events.len();
        mistakes.expect((1..=EVENTS.len()).contains(&count), "/events", "count", "at least one event");
        let told = |name: &str| match is_email {
            true => letters::EVENTS.contains(&name),
            false => EVENTS.iter().any(|(known, _)| *known == name),
        };
        for (index, name) in self.events.iter().enumerate() {
            let field = format!("/events/{index}");
            let wanted = "`*`, or one of GET /events; by e-mail one that has a template";
            mistakes.expect(name == ALL || told(name), &field, "unknown", wanted);
        }
        let length = self.description.chars().count();
        let is_plain = length <= MAX_DESCRIPTION && !self.description.chars().any(char::is_control);
        mistakes.expect(is_plain, "/description", "length", "at most 200 characters on one line");
        mistakes.none_or(&INVALID_FIELDS)
    }

    fn subscription(self, desk: &Desk, caller: &Caller) -> Subscription {
        let now = desk.clock.now();
        Subscription {
            subscription_id: random_id(now),
            revision: 1,
            channel: self.channel,
            url: self.url,
            events: self.events,
            description: self.description,
            status: Subscription::ENABLED.to_owned(),
            secrets: Vec::new(),
            created_at: now,
            changed_by: caller.name().to_owned(),
            changed_at: now,
        }
    }
}
