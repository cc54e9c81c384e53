//! Every kind of problem there is. Codes are permanent: callers match on them. Served under `/problems`.

use axum::http::StatusCode;

/// Declares the kinds: variant, code, status, title.
macro_rules! kinds {
    ($($(#[$meta:meta])* $variant:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// What went wrong, as callers tell problems apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $($(#[$meta])* $variant),+ }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            pub fn code(self) -> &'static str { match self { $(Self::$variant => $code),+ } }

            /// The HTTP status it is answered with.
            pub fn status(self) -> StatusCode { match self { $(Self::$variant => StatusCode::$status),+ } }

            /// What it is, for people; the same for every occurrence.
            pub fn title(self) -> &'static str { match self { $(Self::$variant => $title),+ } }
        }
    };
}

kinds! {
    /// Not JSON.
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not JSON";
    /// JSON of another shape.
    UnexpectedJson = "unexpected_json", UNPROCESSABLE_ENTITY, "The JSON is not of the expected shape";
    /// Right shape, wrong values.
    InvalidFields = "invalid_fields", UNPROCESSABLE_ENTITY, "Some fields hold values that are not allowed";
    /// A query that cannot be meant.
    InvalidQuery = "invalid_query", BAD_REQUEST, "Some query parameters hold values that are not allowed";
    /// The body broke off.
    BrokenBody = "broken_body", BAD_REQUEST, "The body could not be read";
    /// The body came too slowly.
    SlowBody = "slow_body", REQUEST_TIMEOUT, "The body did not arrive in time";
    /// Above the limit.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// Not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json";
    /// No such path.
    NotFound = "not_found", NOT_FOUND, "There is nothing at this path";
    /// No such order, as of the request.
    UnknownOrder = "unknown_order", NOT_FOUND, "There is no such order";
    /// The path, but not with this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not take this method";
    /// A token that proves nothing.
    InvalidToken = "invalid_token", UNAUTHORIZED, "The bearer token is not valid";
    /// Neither a token nor loopback.
    StaffOnly = "staff_only", FORBIDDEN, "Only staff may do this";
    /// Nothing will change any more.
    OrderFinished = "order_finished", CONFLICT, "The order is finished";
    /// Somebody or something was quicker.
    AlreadyDecided = "already_decided", CONFLICT, "The order's review is decided already";
    /// Nobody has to decide.
    NotUnderReview = "not_under_review", CONFLICT, "The order is not held for review";
    /// All callers together ask too much.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Too many requests at once";
    /// Kafka or Redis does not answer.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "A dependency does not answer";
    /// Our own mistake.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something is wrong on our side";
}

impl Kind {
    /// The problem type, a URI reference that this service answers.
    pub fn uri(self) -> String {
        format!("/problems/{}", self.code())
    }
}
