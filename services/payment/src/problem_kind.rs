//! Kinds of problems that only this service has, beside those in [`orderflow::http::kind`]. Codes are permanent: callers
//! match on them. Served under `/problems`.

orderflow::problem_kinds! {
    /// Not signed by the gateway, or not what it has signed.
    BAD_SIGNATURE = "bad_signature", BAD_REQUEST, "The callback is not signed by the gateway";
    /// Signed too long ago.
    OLD_SIGNATURE = "old_signature", BAD_REQUEST, "The callback was signed too long ago";
}
