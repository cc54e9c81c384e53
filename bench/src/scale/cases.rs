//! What grows, one thing at a time.

use serde::Serialize;

use super::settings::Settings;

/// Partitions while something else grows.
const PARTITIONS: i32 = 6;
/// Enough that each of four instances has some.
const PARTITIONS_OF_INSTANCES: i32 = 12;
/// Customers while something else grows.
const CUSTOMERS: usize = 200_000;

/// One size of one thing, and everything else as it is then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// What grows.
    pub grows: &'static str,
    /// How large it is.
    pub to: usize,
    pub instances: usize,
    pub partitions: i32,
    pub customers: usize,
    /// Orders before the burst.
    pub warm: usize,
    /// Orders of the burst.
    pub orders: usize,
}

impl Case {
    /// Nothing grows.
    pub fn usual(settings: &Settings) -> Self {
        Self {
            grows: "",
            to: 0,
            instances: 1,
            partitions: PARTITIONS,
            customers: CUSTOMERS,
            warm: settings.warm,
            orders: settings.orders,
        }
    }
}

/// All cases, one thing after the other.
pub fn of(settings: &Settings) -> Vec<Case> {
    let usual = Case::usual(settings);
    let instances = settings.instances.iter().map(|count| Case {
        grows: "instances of every service",
        to: *count,
        instances: *count,
        partitions: PARTITIONS_OF_INSTANCES,
        ..usual.clone()
    });
    let partitions = settings.partitions.iter().map(|count| Case {
        grows: "partitions of every topic",
        to: usize::try_from(*count).unwrap_or_default(),
        partitions: *count,
        ..usual.clone()
    });
    let backlogs = settings.backlogs.iter().map(|count| Case {
        grows: "orders waiting",
        to: *count,
        orders: *count,
        ..usual.clone()
    });
    // Each of them orders once before.
    let customers = settings.customers.iter().map(|count| Case {
        grows: "customers known",
        to: *count,
        customers: *count,
        warm: *count,
        ..usual.clone()
    });
    instances.chain(partitions).chain(backlogs).chain(customers).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn cases(arguments: &[&str]) -> Vec<Case> {
        of(&Line::parse_from([&["scale"], arguments].concat()).settings.sized())
    }

    #[test]
    fn one_thing_grows_at_a_time() {
        let cases = cases(&["--orders", "9", "--warm", "7", "--instances", "1,4", "--partitions", "24"]);
        let four = &cases[1];
        assert_eq!((four.to, four.instances, four.partitions, four.orders), (4, 4, 12, 9));
        assert_eq!((cases[2].to, cases[2].instances, cases[2].partitions, cases[2].warm), (24, 1, 24, 7));
        let million = cases.iter().find(|case| case.grows == "orders waiting" && case.to == 1_000_000);
        assert_eq!(million.map(|case| (case.orders, case.warm, case.instances)), Some((1_000_000, 7, 1)));
        let known = cases.last().unwrap();
        assert_eq!((known.customers, known.warm, known.orders), (1_000_000, 1_000_000, 9));
    }

    #[test]
    fn what_is_to_be_quick_is_small() {
        let cases = cases(&["--quick"]);
        assert_eq!(cases.len(), 8);
        assert!(cases.iter().all(|case| case.orders <= 5_000 && case.warm <= 5_000));
    }
}
