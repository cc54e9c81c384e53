//! Kinds of problems that only this service has, beside those in [`orderflow::http::kind`]. Codes are permanent: callers
//! match on them. Served under `/problems`.

orderflow::problem_kinds! {
    /// Nothing shows that the caller is staff.
    STAFF_ONLY = "staff_only", FORBIDDEN, "Only staff may do this";
    /// No such subscription.
    UNKNOWN_SUBSCRIPTION = "unknown_subscription", NOT_FOUND, "There is no such subscription";
    /// It has no endpoint.
    NOT_A_WEBHOOK = "not_a_webhook", CONFLICT, "Only a webhook has a secret, and can be tested";
    /// It is not told anything now.
    NOT_ENABLED = "not_enabled", CONFLICT, "The subscription is not enabled";
}
