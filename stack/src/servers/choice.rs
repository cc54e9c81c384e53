//! Which servers to use, from the environment.

use anyhow::{Result, bail};

use super::engine;
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
    /// It is started here as a child process.
    Native,
    /// It is started here in a container.
    Docker,
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
    /// How many brokers a Kafka started here has, 1 to 3. Each holds everything: of two, one goes on while the other
    /// restarts; of three, two must have a record before it counts as written.
    pub brokers: u8,
    /// Whether the brokers, started here as child processes, have another listener, for a proxy in front of each.
    pub proxied: bool,
    /// Whether the only broker, started here as a child process, also listens over TLS to a user.
    pub guarded: bool,
    /// Whether the brokers, started here as child processes, run for minutes under load: then Java compiles them
    /// thoroughly, as it does by default, which takes a core at first.
    pub is_long_run: bool,
    /// Whether a Redis started here writes an append-only file, and so keeps its data over a restart.
    pub redis_append_only: bool,
}

impl Choice {
    /// Everything started here, as child processes.
    pub fn native() -> Self {
        Self::all(&Origin::Native)
    }

    /// Everything of one origin.
    pub fn all(origin: &Origin) -> Self {
        Self {
            kafka: origin.clone(),
            redis: origin.clone(),
            registry: origin.clone(),
            brokers: 1,
            proxied: false,
            guarded: false,
            is_long_run: false,
            redis_append_only: false,
        }
    }

    /// By the environment's variables: what they give is used, the rest is started.
    ///
    /// # Errors
    /// When `ORDERFLOW_ENV` asks for what cannot be had.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var(name).ok(), engine::answers)
    }

    fn from_variables(
        variable: impl Fn(&str) -> Option<String>,
        engine_answers: impl Fn() -> bool,
    ) -> Result<Self> {
        // An empty variable is how many tools say "not set".
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let or_given = |started: Origin| {
            let origin = |name: &str| variable(name).map_or_else(|| started.clone(), Origin::Given);
            Self {
                kafka: origin(KAFKA),
                redis: origin(REDIS),
                registry: origin(REGISTRY),
                ..Self::all(&started)
            }
        };
        match variable(ENVIRONMENT).as_deref() {
            // Nobody is asked for an engine that is not needed.
            None if or_given(Origin::Native).is_given() => Ok(or_given(Origin::Native)),
            None => Ok(or_given(if engine_answers() { Origin::Docker } else { Origin::Native })),
            Some("native") => Ok(Self::native()),
            Some("docker") => Ok(Self::all(&Origin::Docker)),
            Some("given") => {
                let missing: Vec<_> =
                    [KAFKA, REDIS, REGISTRY].into_iter().filter(|name| variable(name).is_none()).collect();
                if !missing.is_empty() {
                    bail!("{ENVIRONMENT}=given, but not set: {}", missing.join(", "));
                }
                Ok(or_given(Origin::Native))
            }
            Some(other) => bail!("{ENVIRONMENT}={other} is unknown; use native, docker or given"),
        }
    }

    /// Whether nothing is started here.
    pub fn is_given(&self) -> bool {
        self.origins().into_iter().all(Origin::is_given)
    }

    /// Whether any of the servers is somebody else's.
    pub fn is_partly_given(&self) -> bool {
        self.origins().into_iter().any(Origin::is_given)
    }

    pub(super) fn origins(&self) -> [&Origin; 3] {
        [&self.kafka, &self.redis, &self.registry]
    }
}

impl Origin {
    /// How a server of one's own is started, by the environment's variables: where they give everything, as a child
    /// process.
    ///
    /// # Errors
    /// As [`Choice::from_env`].
    pub fn of_ones_own() -> Result<Self> {
        let choice = Choice::from_env()?;
        Ok(if choice.origins().contains(&&Self::Docker) { Self::Docker } else { Self::Native })
    }

    fn is_given(&self) -> bool {
        matches!(self, Self::Given(_))
    }

    /// Where clients find it.
    pub(super) fn address(&self, started: Option<&Server>) -> String {
        match (self, started) {
            (Self::Given(address), _) => address.trim_end_matches('/').to_owned(),
            (Self::Native | Self::Docker, server) => {
                server.map(|server| server.address().to_owned()).unwrap_or_default()
            }
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
            Self::Docker => format!("{shown} (docker)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose_beside(engine: bool, variables: &[(&str, &str)]) -> Result<Choice> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Choice::from_variables(variable, || engine)
    }

    fn choose(variables: &[(&str, &str)]) -> Result<Choice> {
        choose_beside(false, variables)
    }

    #[test]
    fn nothing_set_starts_everything_in_containers_where_an_engine_answers() {
        assert_eq!(choose(&[]).unwrap(), Choice::native());
        assert_eq!(choose(&[(KAFKA, " ")]).unwrap(), Choice::native());
        assert_eq!(choose_beside(true, &[]).unwrap(), Choice::all(&Origin::Docker));
    }

    #[test]
    fn each_server_may_be_given_on_its_own() {
        for (engine, started) in [(false, Origin::Native), (true, Origin::Docker)] {
            let choice = choose_beside(engine, &[(REDIS, "redis://cache:6379/")]).unwrap();
            assert_eq!(choice.kafka, started);
            assert_eq!(choice.redis.address(None), "redis://cache:6379");
            assert!(!choice.is_given() && choice.is_partly_given());
        }
    }

    #[test]
    fn native_and_docker_ignore_what_is_given_and_what_answers() {
        for engine in [false, true] {
            let asked = |value| choose_beside(engine, &[(ENVIRONMENT, value), (KAFKA, "k:9092")]).unwrap();
            assert_eq!(asked("native"), Choice::native());
            assert_eq!(asked("docker"), Choice::all(&Origin::Docker));
        }
    }

    #[test]
    fn given_needs_all_three_and_names_what_is_missing() {
        let error = choose(&[(ENVIRONMENT, "given"), (KAFKA, "k:9092")]).unwrap_err().to_string();
        assert_eq!(error, "ORDERFLOW_ENV=given, but not set: REDIS_URL, SCHEMA_REGISTRY_URL");
        let all = [(ENVIRONMENT, "given"), (KAFKA, "k:9092"), (REDIS, "redis://r"), (REGISTRY, "http://s")];
        assert!(choose(&all).unwrap().is_given());
    }

    #[test]
    fn nobody_is_asked_for_an_engine_that_is_not_needed() {
        let all = [(KAFKA, "k:9092"), (REDIS, "redis://r"), (REGISTRY, "http://s")];
        let variable =
            |name: &str| all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let choice = Choice::from_variables(variable, || panic!("asked")).unwrap();
        assert!(choice.is_given());
    }

    #[test]
    fn nonsense_is_refused_with_the_way_out() {
        let error = choose(&[(ENVIRONMENT, "cloud")]).unwrap_err().to_string();
        assert!(["cloud", "native", "docker", "given"].iter().all(|word| error.contains(word)), "{error}");
    }

    #[test]
    fn credentials_are_not_shown() {
        let given = Origin::Given("redis://user:secret@cache:6379".to_owned());
        assert_eq!(given.describe("redis://user:secret@cache:6379"), "redis://cache:6379 (given)");
    }
}
