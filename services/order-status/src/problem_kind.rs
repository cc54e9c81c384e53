//! Kinds of problems that only this service has, beside those in [`orderflow::http::kind`]. Codes are permanent: callers
//! match on them. Served under `/problems`.

orderflow::problem_kinds! {
    /// A query that cannot be meant.
    INVALID_QUERY = "invalid_query", BAD_REQUEST, "Some query parameters hold values that are not allowed";
    /// No such order, as of the request.
    UNKNOWN_ORDER = "unknown_order", NOT_FOUND, "There is no such order";
    /// Nothing shows that the caller is staff.
    STAFF_ONLY = "staff_only", FORBIDDEN, "Only staff may do this";
    /// Nothing will change any more.
    ORDER_FINISHED = "order_finished", CONFLICT, "The order is finished";
    /// Somebody or something was quicker.
    ALREADY_DECIDED = "already_decided", CONFLICT, "The order's review is decided already";
    /// Nobody has to decide.
    NOT_UNDER_REVIEW = "not_under_review", CONFLICT, "The order is not held for review";
    /// No such dead letter.
    UNKNOWN_LETTER = "unknown_dead_letter", NOT_FOUND, "There is no such dead letter";
    /// It must not be given up for good, or nothing is left to be done about it.
    NOT_DISCARDED = "dead_letter_stays", CONFLICT, "The dead letter stays as it is";
    /// No such model, or no such version of it.
    UNKNOWN_MODEL = "unknown_model", NOT_FOUND, "There is no such model or version";
    /// It cannot be so, or is so already.
    MODEL_STAYS = "model_stays", CONFLICT, "Which version serves stays as it is";
    /// The gate says no.
    PROMOTION_REFUSED = "promotion_refused", CONFLICT, "The version does not pass the gate";
    /// A changed value that its schema, or its key, does not allow.
    UNFIT_VALUE = "unfit_value", UNPROCESSABLE_ENTITY, "The changed value cannot be taken";
}
