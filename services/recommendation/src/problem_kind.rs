//! Kinds of problems that only this service has, beside those in [`orderflow::http::kind`]. Codes are permanent: callers
//! match on them. Served under `/problems`.

orderflow::problem_kinds! {
    /// A query that cannot be meant.
    INVALID_QUERY = "invalid_query", BAD_REQUEST, "Some query parameters hold values that are not allowed";
    /// Neither staff nor the customer.
    STAFF_ONLY = "staff_only", FORBIDDEN, "Only staff and the customer may see this";
}
