//! Errors in the shape of Stripe's (<https://docs.stripe.com/api/errors>).

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::gateway::intent::Intent;
use crate::reply::{Refusal, Reply};

/// 402: the bank declined. The intent stands inside.
pub fn declined(intent: &Intent) -> Reply {
    let reason = intent.last_payment_error.as_ref();
    error(
        StatusCode::PAYMENT_REQUIRED,
        json!({
            "type": "card_error",
            "code": reason.map(|reason| &reason.code),
            "decline_code": reason.and_then(|reason| reason.decline_code.as_ref()),
            "message": reason.map(|reason| &reason.message),
            "payment_intent": intent,
        }),
    )
}

/// 400: a parameter is missing or does not fit.
pub fn invalid(param: &str, code: &str, message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, body("invalid_request_error", code, Some(param), message))
}

/// 404: there is no such thing.
pub fn missing(param: &str, what: &str, id: &str) -> Reply {
    let message = format!("No such {what}: '{id}'");
    error(StatusCode::NOT_FOUND, body("invalid_request_error", "resource_missing", Some(param), &message))
}

/// 400: the intent is not in a state where this can be done. It stands inside, so that the caller
/// learns what it is.
pub fn unexpected_state(intent: &Intent, message: &str) -> Reply {
    let mut body = body("invalid_request_error", "payment_intent_unexpected_state", None, message);
    body["payment_intent"] = json!(intent);
    error(StatusCode::BAD_REQUEST, body)
}

/// The answer to a request that got no decision.
pub fn refused(refusal: &Refusal) -> Reply {
    let (status, code, message) = refusal.parts();
    let kind = match refusal {
        Refusal::KeyReused => "idempotency_error",
        _ if status.is_server_error() => "api_error",
        _ => "invalid_request_error",
    };
    let param = match refusal {
        Refusal::Invalid { field, .. } => Some(field.as_str()),
        _ => None,
    };
    error(status, body(kind, code, param, &message))
}

fn body(kind: &str, code: &str, param: Option<&str>, message: &str) -> Value {
    json!({ "type": kind, "code": code, "param": param, "message": message })
}

fn error(status: StatusCode, error: Value) -> Reply {
    Reply::json(status, &json!({ "error": error }))
}
