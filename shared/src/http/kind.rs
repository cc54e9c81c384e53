//! Kinds of problems: those that every service has. Codes are permanent: callers match on them.

use axum::http::StatusCode;

/// What went wrong, as callers tell problems apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    code: &'static str,
    status: StatusCode,
    title: &'static str,
}

impl Kind {
    /// A kind; [`crate::problem_kinds!`] declares them.
    #[must_use]
    pub const fn new(code: &'static str, status: StatusCode, title: &'static str) -> Self {
        Self { code, status, title }
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What it is, for people; the same for every occurrence.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// The problem type, a URI reference that the service answers.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("/problems/{}", self.code)
    }
}

/// Declares kinds of problems (name, code, status, title), and `ALL` of them in a table.
///
/// ```
/// orderflow::problem_kinds! {
///     /// Nothing will change any more.
///     ORDER_FINISHED = "order_finished", CONFLICT, "The order is finished";
/// }
/// assert_eq!(ALL, [&ORDER_FINISHED]);
/// ```
#[macro_export]
macro_rules! problem_kinds {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        $(
            $(#[$meta])*
            pub static $name: $crate::http::Kind =
                $crate::http::Kind::new($code, ::axum::http::StatusCode::$status, $title);
        )+

        /// All of these.
        pub static ALL: &[&$crate::http::Kind] = &[$(&$name),+];
    };
}

problem_kinds! {
    /// Not JSON.
    MALFORMED_JSON = "malformed_json", BAD_REQUEST, "The body is not JSON";
    /// JSON of another shape.
    UNEXPECTED_JSON = "unexpected_json", UNPROCESSABLE_ENTITY, "The JSON is not of the expected shape";
    /// Right shape, wrong values.
    INVALID_FIELDS = "invalid_fields", UNPROCESSABLE_ENTITY, "Some fields hold values that are not allowed";
    /// The body broke off.
    BROKEN_BODY = "broken_body", BAD_REQUEST, "The body could not be read";
    /// The body came too slowly.
    SLOW_BODY = "slow_body", REQUEST_TIMEOUT, "The body did not arrive in time";
    /// Above the limit.
    BODY_TOO_LARGE = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// Not `application/json`.
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json";
    /// No such path.
    NOT_FOUND = "not_found", NOT_FOUND, "There is nothing at this path";
    /// The path, but not with this method.
    METHOD_NOT_ALLOWED = "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not take this method";
    /// A token that proves nothing.
    INVALID_TOKEN = "invalid_token", UNAUTHORIZED, "The bearer token is not valid";
    /// All callers together ask too much.
    OVERLOADED = "overloaded", SERVICE_UNAVAILABLE, "Too many requests at once";
    /// Kafka or Redis does not answer.
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "A dependency does not answer";
    /// Our own mistake.
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Something is wrong on our side";
}
