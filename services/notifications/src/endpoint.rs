//! Where a webhook goes: what its address may look like, and whom a connection may be made to.

use std::{io, net::SocketAddr, sync::Arc};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::addresses::is_public;

/// Most bytes of an address.
const LONGEST: usize = 2048;

/// Which endpoints there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Those on the public internet, over TLS.
    Public,
    /// Any, also on this machine and in the clear: for tests and development.
    Any,
}

impl Allowed {
    /// Reads an endpoint's address.
    ///
    /// # Errors
    /// What is wrong with it, for people; never the address itself.
    pub fn read(self, text: &str) -> Result<Url, &'static str> {
        if text.len() > LONGEST {
            return Err("at most 2048 bytes");
        }
        let url = Url::parse(text).map_err(|_| "a URL, such as https://shop.example/hooks")?;
        let is_http = self == Self::Any && url.scheme() == "http";
        if url.scheme() != "https" && !is_http {
            return Err("an https URL");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL without credentials: the signature proves who calls");
        }
        if url.fragment().is_some() {
            return Err("a URL without a fragment");
        }
        if !self.allows_literal(&url) {
            return Err("an address on the public internet");
        }
        Ok(url)
    }

    /// Whether a host that is an address itself is one that may be called: it is never resolved.
    fn allows_literal(self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        !host.is_empty() && host.parse().map_or(true, |address| self == Self::Any || is_public(address))
    }
}

/// Resolves names for each connection, and lets none pass that has an address which must not be called. The connection is
/// made to the very addresses that were looked at: a name that says something else the next moment changes nothing.
#[derive(Debug, Clone, Copy)]
pub struct Resolver(pub Allowed);

impl Resolver {
    /// As the HTTP client takes it.
    #[must_use]
    pub fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }

    /// The addresses, if all of them may be called.
    fn pass(self, found: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
        let may = |address: &SocketAddr| self.0 == Allowed::Any || is_public(address.ip());
        if found.iter().all(may) {
            return Ok(found);
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the name leads to an address that is not public",
        ))
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let passed: Addrs = Box::new(resolver.pass(found)?.into_iter());
            Ok(passed)
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::clear("http://shop.example/hooks")]
    #[case::other_scheme("ftp://shop.example/hooks")]
    #[case::file("file:///etc/passwd")]
    #[case::user("https://ada@shop.example/hooks")]
    #[case::password("https://ada:secret@shop.example/hooks")]
    #[case::fragment("https://shop.example/hooks#top")]
    #[case::loopback("https://127.0.0.1/hooks")]
    #[case::short("https://127.1/hooks")]
    #[case::number("https://2130706433/hooks")]
    #[case::octal("https://0177.0.0.1/hooks")]
    #[case::hexadecimal("https://0x7f.0.0.1/hooks")]
    #[case::metadata("https://169.254.169.254/latest/meta-data")]
    #[case::loopback_6("https://[::1]/hooks")]
    #[case::mapped("https://[::ffff:10.0.0.1]/hooks")]
    #[case::nonsense("shop.example")]
    fn an_address_that_must_not_be_called_is_none(#[case] text: &str) {
        assert!(Allowed::Public.read(text).is_err());
    }

    #[test]
    fn an_address_on_the_public_internet_is_one() {
        for text in ["https://shop.example/hooks?shop=1", "https://93.184.216.34:8443/"] {
            assert!(Allowed::Public.read(text).is_ok(), "{text}");
        }
        assert!(Allowed::Any.read("http://127.0.0.1:8080/hooks").is_ok());
        assert!(Allowed::Any.read("http://ada@127.0.0.1:8080/hooks").is_err());
    }

    #[test]
    fn one_address_that_must_not_be_called_is_enough_to_refuse_a_name() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let good: Vec<SocketAddr> = addresses(&["93.184.216.34:0", "[2606:4700::1]:0"]);
        let mixed: Vec<SocketAddr> = addresses(&["93.184.216.34:0", "10.0.0.1:0"]);
        assert_eq!(Resolver(Allowed::Public).pass(good.clone()).unwrap(), good);
        assert!(Resolver(Allowed::Public).pass(mixed.clone()).is_err());
        assert_eq!(Resolver(Allowed::Any).pass(mixed.clone()).unwrap(), mixed);
    }

    /// What a name leads to is looked at when it is called, whatever it was before.
    #[tokio::test]
    async fn a_name_of_this_machine_is_not_called() {
        let client = |allowed| {
            reqwest::Client::builder().no_proxy().dns_resolver(Resolver(allowed).shared()).build().unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://localhost:{port}/");
        let refused = client(Allowed::Public).get(&url).send().await.unwrap_err();
        assert!(refused.is_connect(), "{refused:?}");
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted.is_ok(),
            _ = client(Allowed::Any).get(&url).send() => false,
        };
        assert!(accepted, "the name leads nowhere, so the refusal proves nothing");
    }
}
