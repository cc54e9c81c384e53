//! The outermost layer: every request has a correlation id and a trace, every answer says which, and every problem is
//! written here, because only here its instance is known.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use super::{Problem, meters, problem::MEDIA_TYPE};
use crate::{clock::Clock, runtime::Root, trace::TraceContext};

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Longest foreign correlation id, `tracestate` and `baggage` that is carried on.
const MAX_ID: usize = 128;
const MAX_STATE: usize = 512;
const MAX_BAGGAGE: usize = 1024;

/// What ties a request to everything it leads to.
#[derive(Debug, Clone)]
pub struct Correlation {
    /// The caller's id for it, else one of ours.
    pub id: String,
    /// This request's span, below the caller's where there is one.
    pub trace: TraceContext,
}

impl Correlation {
    /// Reads it from the headers, or begins anew.
    #[must_use]
    pub fn read(headers: &HeaderMap, clock: &Clock) -> Self {
        let sane = |name| visible(headers, name, MAX_ID).filter(|id| !id.contains(' '));
        let theirs = ["x-correlation-id", "x-request-id"].into_iter().find_map(sane);
        let id = theirs.map_or_else(|| random_id(clock.now()).to_string(), str::to_owned);
        let parent = visible(headers, "traceparent", MAX_ID).and_then(TraceContext::parse);
        let trace = parent.map_or_else(TraceContext::root, |mut parent| {
            parent.state = visible(headers, "tracestate", MAX_STATE).map(str::to_owned);
            parent.baggage = visible(headers, "baggage", MAX_BAGGAGE).map(str::to_owned);
            parent.child()
        });
        Self { id, trace }
    }

    /// Of an event with this id that the request leads to; `source` is the service.
    #[must_use]
    pub fn root(&self, id: Uuid, source: &str) -> Root {
        Root { id, source: source.to_owned(), correlation_id: self.id.clone(), trace: self.trace.clone() }
    }
}

/// A new id that sorts by time (UUID v7, RFC 9562).
#[must_use]
pub fn random_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanoseconds = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
}

/// A header of visible ASCII (and inner spaces) within `max`; anything else is as good as absent.
fn visible<'h>(headers: &'h HeaderMap, name: &str, max: usize) -> Option<&'h str> {
    let text = headers.get(name)?.to_str().ok()?;
    ((1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() || b == b' '))
        .then_some(text)
}

/// What the layer works with.
#[derive(Debug, Clone)]
pub struct Outermost {
    /// For ids that sort by time.
    pub clock: Clock,
    /// The service's name for the number of requests it has answered. Labels: `http_route`, `http_response_status_code`,
    /// `code` (the problem's, or `ok`).
    pub requests: &'static str,
}

/// The layer.
pub async fn correlate(
    State(Outermost { clock, requests }): State<Outermost>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let correlation = Correlation::read(request.headers(), &clock);
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    request.extensions_mut().insert(correlation.clone());
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Arc<Problem>>();
    if let Some(problem) = &problem {
        write(&mut response, problem, &correlation.id);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&correlation.id) {
        headers.insert(CORRELATION, id);
    }
    if let Ok(trace) = HeaderValue::from_str(&correlation.trace.to_string()) {
        headers.insert(TRACEPARENT, trace);
    }
    let code = problem.as_ref().map_or("ok", |problem| problem.kind().code());
    let named = route.as_deref().unwrap_or("none");
    meters::request(requests, named, response.status(), code, began.elapsed());
    tracing::debug!(
        correlation_id = correlation.id,
        route,
        status = response.status().as_u16(),
        code,
        "answered"
    );
    response
}

fn write(response: &mut Response, problem: &Problem, correlation_id: &str) {
    *response.body_mut() = Body::from(problem.body(correlation_id));
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.extend(problem.headers().iter().cloned());
}
