//! Where a request comes from. A header is believed only when a trusted proxy has sent it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;
use orderflow::http::operator::peer;

use crate::country::is_country;

/// What is believed about callers' addresses.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Proxies whose `X-Forwarded-For` is believed. None: the connection alone counts.
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which a trusted proxy names the caller's country.
    pub country_header: Option<HeaderName>,
}

/// Where a request comes from, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// The caller's own address.
    pub ip: Option<IpAddr>,
    /// ISO 3166-1 alpha-2 country of that address.
    pub country: Option<String>,
}

impl Network {
    /// Where a request with these headers, over this connection, comes from.
    pub fn place(&self, headers: &HeaderMap, extensions: &Extensions) -> Place {
        let peer = peer(extensions);
        let Some(proxy) = peer.filter(|peer| self.trusts(*peer)) else {
            return Place { peer, ip: peer, country: None };
        };
        let country = self.country_header.as_ref().and_then(|name| headers.get(name)?.to_str().ok());
        Place {
            peer,
            ip: Some(self.behind(proxy, headers)),
            country: country.filter(|code| is_country(code)).map(str::to_owned),
        }
    }

    /// The last address that no trusted proxy has: everything left of it may be made up.
    fn behind(&self, proxy: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines: Vec<_> =
            headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let mut last = proxy;
        for hop in hops {
            let Some(address) = address(hop.trim()) else { return last };
            last = address;
            if !self.trusts(address) {
                return last;
            }
        }
        last
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

/// An address as proxies write it: bare, with a port, in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

/// What stands for a caller when requests are counted: one household or host has a whole /64 of IPv6.
pub fn subscriber(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{
        extract::ConnectInfo,
        http::{Extensions, HeaderMap, HeaderName},
    };
    use rstest::rstest;

    use super::{Network, subscriber};

    fn place(peer: &str, forwarded: &[&'static str]) -> super::Place {
        let network = Network {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            country_header: Some(HeaderName::from_static("cf-ipcountry")),
        };
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        headers.insert("cf-ipcountry", "DE".parse().unwrap());
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
        network.place(&headers, &extensions)
    }

    #[rstest]
    #[case::nobody_in_between("198.51.100.7", &[], "198.51.100.7")]
    #[case::a_stranger_is_not_believed("198.51.100.7", &["203.0.113.9"], "198.51.100.7")]
    #[case::a_proxy_is_believed("10.0.0.1", &["203.0.113.9"], "203.0.113.9")]
    #[case::what_the_caller_made_up_is_not("10.0.0.1", &["1.2.3.4, 203.0.113.9"], "203.0.113.9")]
    #[case::through_two_proxies("10.0.0.1", &["203.0.113.9, 10.1.1.1"], "203.0.113.9")]
    #[case::in_two_headers("10.0.0.1", &["203.0.113.9", "10.1.1.1"], "203.0.113.9")]
    #[case::with_a_port("10.0.0.1", &["[2001:db8::1]:443"], "2001:db8::1")]
    #[case::nonsense_stops_the_walk("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1")]
    fn only_a_trusted_proxy_is_believed(
        #[case] peer: &str,
        #[case] forwarded: &[&'static str],
        #[case] ip: &str,
    ) {
        assert_eq!(place(peer, forwarded).ip, Some(ip.parse().unwrap()));
    }

    #[test]
    fn only_a_trusted_proxy_names_the_country() {
        assert_eq!(place("10.0.0.1", &["203.0.113.9"]).country.as_deref(), Some("DE"));
        assert_eq!(place("198.51.100.7", &["203.0.113.9"]).country, None);
    }

    #[test]
    fn a_household_of_ipv6_is_one_caller() {
        let of = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:203.0.113.9"), of("203.0.113.9"));
    }
}
