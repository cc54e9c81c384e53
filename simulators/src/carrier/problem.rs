//! Errors as problem details (RFC 9457), with a stable `code`.

use axum::http::StatusCode;
use serde_json::json;

use crate::reply::{Refusal, Reply};

const CONTENT_TYPE: &str = "application/problem+json";

/// 422: nobody lives there.
pub fn undeliverable(detail: &str) -> Reply {
    problem(StatusCode::UNPROCESSABLE_ENTITY, "undeliverable_address", detail, None)
}

/// 422: there will never be a label for that order.
pub fn order_voided() -> Reply {
    let detail = "The order was voided: no label can be bought for it.";
    problem(StatusCode::UNPROCESSABLE_ENTITY, "order_voided", detail, None)
}

/// 400: a field does not fit.
pub fn invalid(field: &str, detail: &str) -> Reply {
    problem(StatusCode::BAD_REQUEST, "invalid_request", detail, Some(field))
}

/// 404: there is no such thing.
pub fn not_found(detail: &str) -> Reply {
    problem(StatusCode::NOT_FOUND, "not_found", detail, None)
}

/// 503: every serial was given out.
pub fn out_of_numbers() -> Reply {
    let detail = "All tracking numbers were given out. Start with a new ledger.";
    problem(StatusCode::SERVICE_UNAVAILABLE, "out_of_tracking_numbers", detail, None)
}

/// The answer to a request that got no decision.
pub fn refused(refusal: &Refusal) -> Reply {
    let (status, code, detail) = refusal.parts();
    match refusal {
        // Stripe says 400; the IETF's draft on the Idempotency-Key header says 422.
        Refusal::KeyReused => problem(StatusCode::UNPROCESSABLE_ENTITY, code, &detail, None),
        Refusal::Invalid { field, .. } => problem(status, code, &detail, Some(field)),
        _ => problem(status, code, &detail, None),
    }
}

fn problem(status: StatusCode, code: &str, detail: &str, field: Option<&str>) -> Reply {
    let mut body = json!({
        "type": format!("urn:problem:carrier:{code}"),
        "title": code.replace('_', " "),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
    });
    if let Some(field) = field {
        body["field"] = json!(field);
    }
    Reply { status, content_type: CONTENT_TYPE, body }
}
