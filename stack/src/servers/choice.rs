//! Which servers to use, from the environment.

use anyhow::{Result, bail};

use super::server::Server;

const KAFKA: &str = "KAFKA_BOOTSTRAP_SERVERS";
const REDIS: &str = "REDIS_URL";
const REGISTRY: &str = "SCHEMA_REGISTRY_URL";
const ENVIRONMENT: &str = "ORDERFLOW_ENV";

/// Where one server comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It runs at this address and is used as it is.
    Given(String),
    /// It is started here.
    Native,
}

/// Where each of the three comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The broker.
    pub kafka: Origin,
    /// Redis.
    pub redis: Origin,
    /// The schema registry.
    pub registry: Origin,
    /// Whether a Kafka started here has a second broker, which holds everything as well: one goes on while the other
    /// restarts.
    pub second_broker: bool,
    /// Whether a Redis started here writes an append-only file, and so keeps its data over a restart.
    pub redis_append_only: bool,
}

impl Choice {
    /// Everything started here.
    pub fn native() -> Self {
        let native = || Origin::Native;
        Self {
            kafka: native(),
            redis: native(),
            registry: native(),
            second_broker: false,
            redis_append_only: false,
        }
    }

    /// By the environment's variables: what they give is used, the rest is started.
    ///
    /// # Errors
    /// When `ORDERFLOW_ENV` asks for what cannot be had.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        // An empty variable is how many tools say "not set".
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let origin = |name: &str| variable(name).map_or(Origin::Native, Origin::Given);
        let by_variables = || Self {
            kafka: origin(KAFKA),
            redis: origin(REDIS),
            registry: origin(REGISTRY),
            ..Self::native()
        };
        match variable(ENVIRONMENT).as_deref() {
            None => Ok(by_variables()),
            Some("native") => Ok(Self::native()),
            Some("given") => {
                let missing: Vec<_> =
                    [KAFKA, REDIS, REGISTRY].into_iter().filter(|name| variable(name).is_none()).collect();
                if !missing.is_empty() {
                    bail!("{ENVIRONMENT}=given, but not set: {}", missing.join(", "));
                }
                Ok(by_variables())
            }
            Some("docker") => bail!(
                "{ENVIRONMENT}=docker comes with the container setup; use native, or given with {KAFKA}, {REDIS} \
                 and {REGISTRY}"
            ),
            Some(other) => bail!("{ENVIRONMENT}={other} is unknown; use native or given"),
        }
    }

    /// Whether nothing is started here.
    pub fn is_given(&self) -> bool {
        [&self.kafka, &self.redis, &self.registry].into_iter().all(|origin| *origin != Origin::Native)
    }
}

impl Origin {
    /// Where clients find it.
    pub(super) fn address(&self, started: Option<&Server>) -> String {
        match (self, started) {
            (Self::Given(address), _) => address.trim_end_matches('/').to_owned(),
            (Self::Native, server) => server.map(|server| server.address().to_owned()).unwrap_or_default(),
        }
    }

    /// The address and where it comes from, without the credentials a URL may carry.
    pub(super) fn describe(&self, address: &str) -> String {
        let shown = match (address.split_once("://"), address.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => address.to_owned(),
        };
        match self {
            Self::Given(_) => format!("{shown} (given)"),
            Self::Native => format!("{shown} (native)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(variables: &[(&str, &str)]) -> Result<Choice> {
        Choice::from_variables(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_starts_everything() {
        assert_eq!(choose(&[]).unwrap(), Choice::native());
        assert_eq!(choose(&[(KAFKA, " ")]).unwrap(), Choice::native());
    }

    #[test]
    fn each_server_may_be_given_on_its_own() {
        let choice = choose(&[(REDIS, "redis://cache:6379/")]).unwrap();
        assert_eq!(choice.kafka, Origin::Native);
        assert_eq!(choice.redis.address(None), "redis://cache:6379");
        assert!(!choice.is_given());
    }

    #[test]
    fn native_ignores_what_is_given() {
        assert_eq!(choose(&[(ENVIRONMENT, "native"), (KAFKA, "k:9092")]).unwrap(), Choice::native());
    }

    #[test]
    fn given_needs_all_three_and_names_what_is_missing() {
        let error = choose(&[(ENVIRONMENT, "given"), (KAFKA, "k:9092")]).unwrap_err().to_string();
        assert_eq!(error, "ORDERFLOW_ENV=given, but not set: REDIS_URL, SCHEMA_REGISTRY_URL");
        let all = [(ENVIRONMENT, "given"), (KAFKA, "k:9092"), (REDIS, "redis://r"), (REGISTRY, "http://s")];
        assert!(choose(&all).unwrap().is_given());
    }

    #[test]
    fn docker_and_nonsense_are_refused_with_the_way_out() {
        for asked in ["docker", "cloud"] {
            let error = choose(&[(ENVIRONMENT, asked)]).unwrap_err().to_string();
            assert!(error.contains(asked) && error.contains("native") && error.contains("given"), "{error}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let given = Origin::Given("redis://user:secret@cache:6379".to_owned());
        assert_eq!(given.describe("redis://user:secret@cache:6379"), "redis://cache:6379 (given)");
    }
}
