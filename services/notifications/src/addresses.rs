//! Which addresses a webhook may go to: those of the public internet, and no other. So nobody reaches what is behind our
//! own walls by having us call it (SSRF). From the registries of special-purpose addresses of IANA, and the addresses
//! where clouds tell machines their secrets.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use ipnet::{Ipv4Net, Ipv6Net};

/// IPv4 that is not the public internet.
const NOT_PUBLIC_4: [&str; 17] = [
    "0.0.0.0/8",          // this network
    "10.0.0.0/8",         // private
    "100.64.0.0/10",      // shared by a carrier's customers (CGNAT)
    "127.0.0.0/8",        // loopback
    "168.63.129.16/32",   // Azure's machines are told things here
    "169.254.0.0/16",     // link-local, metadata of clouds
    "172.16.0.0/12",      // private
    "192.0.0.0/24",       // protocol assignments
    "192.0.2.0/24",       // documentation
    "192.88.99.0/24",     // 6to4 relays
    "192.168.0.0/16",     // private
    "198.18.0.0/15",      // benchmarks
    "198.51.100.0/24",    // documentation
    "203.0.113.0/24",     // documentation
    "224.0.0.0/4",        // multicast
    "240.0.0.0/4",        // reserved
    "255.255.255.255/32", // broadcast
];

/// Global unicast of IPv6. All else (loopback, private, link-local, multicast, mapped) is not public.
const PUBLIC_6: &str = "2000::/3";

/// What of it is not public after all.
const NOT_PUBLIC_6: [&str; 4] = [
    "2001::/23",     // protocol assignments, Teredo
    "2001:db8::/32", // documentation
    "2002::/16",     // 6to4: stands for an IPv4 address
    "3fff::/20",     // documentation
];

static FORBIDDEN_4: LazyLock<Vec<Ipv4Net>> = LazyLock::new(|| parse(&NOT_PUBLIC_4));
static FORBIDDEN_6: LazyLock<Vec<Ipv6Net>> = LazyLock::new(|| parse(&NOT_PUBLIC_6));
static ALLOWED_6: LazyLock<Vec<Ipv6Net>> = LazyLock::new(|| parse(&[PUBLIC_6]));

fn parse<N: std::str::FromStr>(texts: &[&str]) -> Vec<N> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Whether an address is on the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_4(address),
        IpAddr::V6(address) => is_public_6(address),
    }
}

fn is_public_4(address: Ipv4Addr) -> bool {
    !FORBIDDEN_4.iter().any(|net| net.contains(&address))
}

/// An IPv4 address in IPv6's clothes is none: nobody has such an endpoint for a good reason.
fn is_public_6(address: Ipv6Addr) -> bool {
    ALLOWED_6.iter().any(|net| net.contains(&address))
        && !FORBIDDEN_6.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_net_of_the_lists_is_one() {
        let counts = (FORBIDDEN_4.len(), FORBIDDEN_6.len(), ALLOWED_6.len());
        assert_eq!(counts, (NOT_PUBLIC_4.len(), NOT_PUBLIC_6.len(), 1));
    }

    #[rstest]
    fn what_is_not_the_public_internet_is_refused(
        #[values(
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.8.8.8",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::808:808",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1"
        )]
        address: &str,
    ) {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }

    #[rstest]
    fn the_public_internet_is_not(
        #[values(
            "1.1.1.1",
            "8.8.8.8",
            "93.184.216.34",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001:82a::200e"
        )]
        address: &str,
    ) {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }

    proptest! {
        #[test]
        fn whatever_the_standard_library_calls_special_is_refused(bits in any::<u32>(), first in any::<u16>(), rest in any::<[u16; 7]>()) {
            let v4 = Ipv4Addr::from(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!special || !is_public(v4.into()), "{v4}");
            prop_assert!(!is_public(v4.to_ipv6_mapped().into()) && !is_public(v4.to_ipv6_compatible().into()));
            let v6 = Ipv6Addr::new(first, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6]);
            let special = v6.is_loopback() || v6.is_multicast() || v6.is_unspecified() || v6.is_unique_local()
                || v6.is_unicast_link_local();
            prop_assert!(!special || !is_public(v6.into()), "{v6}");
        }
    }
}
