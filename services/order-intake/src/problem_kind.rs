//! Kinds of problems that only this service has, beside those in [`orderflow::http::kind`]. Codes are permanent: callers
//! match on them. Served under `/problems`.

orderflow::problem_kinds! {
    /// Neither on loopback nor with the operator's token.
    OPERATOR_ONLY = "operator_only", FORBIDDEN, "Only an operator may do this";
    /// A key is required.
    KEY_MISSING = "idempotency_key_missing", BAD_REQUEST, "An Idempotency-Key header is required";
    /// The key's syntax.
    KEY_INVALID = "idempotency_key_invalid", BAD_REQUEST, "The Idempotency-Key header is malformed";
    /// One key, two bodies.
    KEY_REUSED = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request";
    /// The first attempt is still going on.
    IN_PROGRESS = "idempotency_in_progress", CONFLICT, "A request with this Idempotency-Key is being handled";
    /// This caller asks too often.
    RATE_LIMITED = "rate_limited", TOO_MANY_REQUESTS, "Too many requests from this caller";
}
