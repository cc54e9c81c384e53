//! Who calls.

/// The subject of a token and what the token allows, or nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    name: String,
    scopes: Vec<String>,
}

impl Principal {
    /// What a caller without a token is called; no subject may be called so.
    pub const ANONYMOUS: &'static str = "anonymous";

    /// A caller without a token.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { name: Self::ANONYMOUS.to_owned(), scopes: Vec::new() }
    }

    /// The subject of a token with these scopes, separated by spaces (RFC 8693, section 4.2).
    pub(super) fn known(subject: String, scopes: &str) -> Self {
        let scopes = scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        Self { name: subject, scopes }
    }

    /// Whether the caller has shown no token.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.name == Self::ANONYMOUS
    }

    /// Whether the caller's token holds this scope, to the letter (RFC 6749, section 3.3).
    #[must_use]
    pub fn holds(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// As it goes on the log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }
}
