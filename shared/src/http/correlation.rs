//! The outermost layer: every request has a correlation id and a trace, every answer says which, and every problem is
//! written here, because only here its instance is known.

use std::{sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use jiff::Timestamp;
use uuid::{NoContext, Uuid};

use super::{Problem, meters, problem::MEDIA_TYPE};
use tracing::Instrument as _;

use crate::{
    clock::Clock,
    runtime::Root,
    telemetry::{Kind, Member, Span, Work, names, wants, within},
    trace::TraceContext,
};

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
        let sane = |name| visible(headers, name, MAX_ID).filter(|id| is_sane(id));
        let theirs = ["x-correlation-id", "x-request-id"].into_iter().find_map(sane).map(str::to_owned);
        let trace = parent(headers).map_or_else(TraceContext::root, |mut parent| {
            parent.state = visible(headers, "tracestate", MAX_STATE).map(str::to_owned);
            parent.baggage = visible(headers, "baggage", MAX_BAGGAGE).map(str::to_owned);
            let mut own = parent.child();
            own.sample(wants(&parent));
            own
        });
        let carried = || trace.correlation_id().filter(|id| is_sane(id));
        let id = theirs.or_else(carried).unwrap_or_else(|| random_id(clock.now()).to_string());
        Self { trace: trace.carrying(&id), id }
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

/// The caller's span.
fn parent(headers: &HeaderMap) -> Option<TraceContext> {
    visible(headers, "traceparent", MAX_ID).and_then(TraceContext::parse)
}

/// Whether a foreign text can be a correlation id.
fn is_sane(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
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
pub(super) async fn correlate(
    State(Outermost { clock, requests }): State<Outermost>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let correlation = Correlation::read(request.headers(), &clock);
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    request.extensions_mut().insert(correlation.clone());
    let (trace, method) = (&correlation.trace, request.method().clone());
    let above = parent(request.headers()).map_or(0, |parent| parent.span());
    let work = Work::begin([Member::of_request(trace, above)].into_iter());
    let line = tracing::error_span!("request", correlation_id = correlation.id, trace_id = trace.trace_id());
    let mut response = within(work.as_ref(), next.run(request)).instrument(line.clone()).await;
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
    if let Some(work) = work {
        finish(&work, &method, route.as_deref(), (response.status(), code), &correlation);
    }
    line.in_scope(|| tracing::debug!(route, status = response.status().as_u16(), code, "answered"));
    response
}

/// Ends the request's span, and has it kept where it is asked for, or where we have failed.
fn finish(
    work: &Work,
    method: &Method,
    route: Option<&str>,
    (status, code): (StatusCode, &'static str),
    correlation: &Correlation,
) {
    let Some(member) = work.members.first() else { return };
    let is_kept = correlation.trace.is_sampled() || status.is_server_error();
    if is_kept {
        let name = format!("{method} {}", route.unwrap_or_default());
        let mut span =
            Span::new(Kind::Server, name.trim_end().to_owned(), member.trace, member.span, member.parent)
                .since(work.began)
                .with(names::METHOD, method.as_str().to_owned())
                .with(names::STATUS, i64::from(status.as_u16()))
                .with(names::CONVERSATION, correlation.id.clone())
                .failed(status.is_server_error().then_some(code));
        if let Some(route) = route {
            span.set(names::ROUTE, route.to_owned());
        }
        span.export();
    }
    work.finish(&[is_kept]);
}

fn write(response: &mut Response, problem: &Problem, correlation_id: &str) {
    *response.body_mut() = Body::from(problem.body(correlation_id));
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.extend(problem.headers().iter().cloned());
}
