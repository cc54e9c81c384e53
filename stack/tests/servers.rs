//! Real servers: started, used, stopped, restarted, and gone with whoever started them.

#![allow(clippy::unwrap_used, reason = "helper functions of tests, too, may panic")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use orderflow_stack::servers::{Choice, Origin, Server, Servers, container_engine};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rstest::rstest;

const SOON: Duration = Duration::from_secs(30);

#[rstest]
#[case::native(Origin::Native)]
#[case::docker(Origin::Docker)]
#[tokio::test]
async fn all_three_answer_their_clients_and_leave_nothing_behind(#[case] origin: Origin) {
    if !can_be_had(&origin) {
        return;
    }
    let start = std::time::Instant::now();
    let servers = Servers::start(Choice::all(&origin)).await.unwrap();
    println!("ready after {:?}: {}", start.elapsed(), servers.chosen);
    assert_eq!(topics(&servers.kafka_bootstrap), Vec::<String>::new());
    assert_eq!(redis(&servers, "PING"), "+PONG\r\n");
    assert_eq!(http_get(&format!("{}/subjects", servers.registry_url)), "[]");

    let started: Vec<_> = started(&servers).collect();
    for server in &started {
        let memory = server.memory().unwrap();
        println!("{} {} MB resident", server.address(), memory.resident / 1_000_000);
    }
    assert_eq!(started.len(), 3);
    let pids: Vec<u32> = started.iter().map(|server| server.pid().unwrap()).collect();
    let folder = started[0].log().parent().unwrap().to_path_buf();
    assert!(folder.is_dir());
    drop(servers);
    // Not "soon": ended and reaped when drop returns.
    assert!(pids.iter().all(|pid| !runs(*pid)), "{pids:?}");
    assert!(!folder.exists());
}

#[rstest]
#[case::native(Origin::Native)]
#[case::docker(Origin::Docker)]
#[tokio::test]
async fn a_broker_keeps_port_and_topics_over_a_stop_and_a_crash(#[case] origin: Origin) {
    if !can_be_had(&origin) {
        return;
    }
    let servers = Servers::start(only(&origin, |choice| &mut choice.kafka)).await.unwrap();
    let broker = servers.kafka.as_ref().unwrap();
    create_topic(&servers.kafka_bootstrap, "kept", 1).await;

    let before = broker.pid().unwrap();
    broker.stop().await;
    assert!(broker.pid().is_err());
    broker.start_again().await.unwrap();
    assert_ne!(broker.pid().unwrap(), before);
    assert_eq!(topics(&servers.kafka_bootstrap), ["kept"]);

    broker.crash();
    assert!(broker.pid().is_err());
    broker.start_again().await.unwrap();
    assert_eq!(topics(&servers.kafka_bootstrap), ["kept"]);
}

#[rstest]
#[case::native(Origin::Native)]
#[case::docker(Origin::Docker)]
#[tokio::test]
async fn of_two_brokers_the_first_leads_everything_while_the_second_is_away(#[case] origin: Origin) {
    if !can_be_had(&origin) {
        return;
    }
    let choice = Choice { brokers: 2, ..only(&origin, |choice| &mut choice.kafka) };
    let servers = Servers::start(choice).await.unwrap();
    create_topic(&servers.kafka_bootstrap, "shared", 2).await;
    let second = &servers.other_brokers[0];
    let led_by = |topic: &str, nodes: &[i32]| {
        let leaders = || leaders(servers.kafka.as_ref().unwrap(), topic);
        eventually("the leaders", || leaders().iter().eq(nodes));
    };
    led_by("shared", &[1, 2]);

    second.stop().await;
    led_by("shared", &[1]);
    second.start_again().await.unwrap();
    // A topic of now: the old ones go back to the second only after minutes.
    create_topic(&servers.kafka_bootstrap, "shared-anew", 2).await;
    led_by("shared-anew", &[1, 2]);
    second.crash();
    led_by("shared-anew", &[1]);
}

#[rstest]
#[case::native(Origin::Native)]
#[case::docker(Origin::Docker)]
#[tokio::test]
async fn redis_forgets_over_a_restart_unless_it_writes_an_append_only_file(#[case] origin: Origin) {
    if !can_be_had(&origin) {
        return;
    }
    for append_only in [false, true] {
        let choice = Choice { redis_append_only: append_only, ..only(&origin, |choice| &mut choice.redis) };
        let servers = Servers::start(choice).await.unwrap();
        assert_eq!(redis(&servers, "SET shelf full"), "+OK\r\n");
        let server = servers.redis.as_ref().unwrap();
        server.stop().await;
        server.start_again().await.unwrap();
        let kept = if append_only { ":1\r\n" } else { ":0\r\n" };
        assert_eq!(redis(&servers, "EXISTS shelf"), kept);
    }
}

#[rstest]
#[case::native(Origin::Native)]
#[case::docker(Origin::Docker)]
#[tokio::test]
async fn a_frozen_server_says_nothing_until_it_thaws(#[case] origin: Origin) {
    if !can_be_had(&origin) {
        return;
    }
    let servers = Servers::start(only(&origin, |choice| &mut choice.redis)).await.unwrap();
    let server = servers.redis.as_ref().unwrap();
    let mut stream = TcpStream::connect(server.address().strip_prefix("redis://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut answers = || {
        stream.write_all(b"PING\r\n").unwrap();
        stream.read(&mut [0; 64]).is_ok()
    };
    assert!(answers());
    server.freeze();
    // A signal takes effect a moment later.
    eventually("the freeze", || !answers());
    server.thaw();
    eventually("the thaw", answers);
}

#[tokio::test]
async fn given_servers_are_used_as_they_are() {
    let given = |address: &str| Origin::Given(address.to_owned());
    let choice = Choice {
        kafka: given("k:9092"),
        redis: given("redis://u:pw@r"),
        registry: given("http://s/"),
        ..Choice::native()
    };
    let servers = Servers::start(choice).await.unwrap();
    assert_eq!(servers.redis_url, "redis://u:pw@r");
    assert_eq!(servers.registry_url, "http://s");
    assert_eq!(servers.chosen, "kafka k:9092 (given), redis redis://r (given), registry http://s (given)");
    assert_eq!(started(&servers).count(), 0);
}

/// Runs as a process of its own, below.
#[tokio::test]
#[ignore = "a part of servers_end_with_a_parent_that_is_killed"]
async fn parent_to_be_killed() {
    let servers = Servers::start(Choice::from_env().unwrap()).await.unwrap();
    for server in started(&servers) {
        println!("child {} {}", server.pid().unwrap(), server.log().display());
    }
    println!("all up");
    std::future::pending::<()>().await;
}

#[rstest]
#[case::native("native", Origin::Native)]
#[case::docker("docker", Origin::Docker)]
fn servers_end_with_a_parent_that_is_killed(#[case] environment: &str, #[case] origin: Origin) {
    if !can_be_had(&origin) {
        return;
    }
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "parent_to_be_killed", "--ignored", "--nocapture"])
        .env("ORDERFLOW_ENV", environment)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<String> = lines.take_while(|line| line != "all up").collect();
    let children: Vec<(u32, PathBuf)> = told
        .iter()
        .filter_map(|line| line.strip_prefix("child ")?.split_once(' '))
        .map(|(pid, log)| (pid.parse().unwrap(), log.into()))
        .collect();
    assert_eq!(children.len(), 3, "{told:?}");
    // A child's data lies beside its log; a container's is inside.
    let data = |log: &PathBuf| if origin == Origin::Native { log.with_extension("").is_dir() } else { false };
    let ours = || if origin == Origin::Docker { containers_of(parent.id()) } else { 0 };
    assert!(children.iter().all(|(pid, _)| runs(*pid)));
    assert_eq!(children.iter().filter(|(_, log)| data(log)).count() + ours(), 3);

    nix::sys::signal::kill(nix::unistd::Pid::from_raw(parent.id().cast_signed()), nix::sys::signal::SIGKILL)
        .unwrap();
    eventually("the servers to end", || children.iter().all(|(pid, _)| !runs(*pid)));
    eventually("their data to go", || children.iter().all(|(_, log)| !data(log)) && ours() == 0);
    parent.wait().unwrap();
    // The logs stay: somebody may ask why the parent was killed.
    let folder = children[0].1.parent().unwrap();
    assert!(folder.join("kafka.log").is_file());
    std::fs::remove_dir_all(folder).unwrap();
}

/// Whether servers of this origin are to be started here. Says so when they are not.
fn can_be_had(origin: &Origin) -> bool {
    let asked = std::env::var("ORDERFLOW_ENV").unwrap_or_default();
    let skipped = match (origin, asked.as_str()) {
        (Origin::Docker, "docker") | (Origin::Native, "native") => None,
        (_, "docker" | "native") => Some(format!("ORDERFLOW_ENV={asked}")),
        (Origin::Docker, _) => container_engine().err().map(|why| format!("{why:#}")),
        _ => None,
    };
    skipped.inspect(|why| eprintln!("skipped: {why}")).is_none()
}

fn containers_of(parent: u32) -> usize {
    let filter = format!("label=orderflow.parent={parent}");
    let listed =
        Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &filter]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap().lines().count()
}

/// One server started; the others are never asked.
fn only(origin: &Origin, which: impl Fn(&mut Choice) -> &mut Origin) -> Choice {
    let mut choice = Choice::all(&Origin::Given("127.0.0.1:9".to_owned()));
    *which(&mut choice) = origin.clone();
    choice
}

fn started(servers: &Servers) -> impl Iterator<Item = &Server> {
    [&servers.kafka, &servers.redis, &servers.registry].into_iter().flatten()
}

/// Whether a process runs; one that ended and is not reaped yet does not.
fn runs(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    stat.rsplit(") ").next().is_some_and(|rest| !rest.starts_with('Z'))
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + SOON;
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn topics(bootstrap: &str) -> Vec<String> {
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", bootstrap).create().unwrap();
    let metadata = consumer.fetch_metadata(None, SOON).unwrap();
    metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
}

/// Who leads the partitions of a topic, by what one broker says.
fn leaders(broker: &Server, topic: &str) -> BTreeSet<i32> {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", broker.address()).create().unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), SOON).unwrap();
    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
    partitions.map(|partition| partition.leader()).collect()
}

/// With as many copies as the brokers choose.
async fn create_topic(bootstrap: &str, name: &str, partitions: i32) {
    let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", bootstrap).create().unwrap();
    let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(-1));
    let made =
        admin.create_topics([&topic], &AdminOptions::new().operation_timeout(Some(SOON))).await.unwrap();
    assert!(made.iter().all(Result::is_ok), "{made:?}");
}

fn redis(servers: &Servers, command: &str) -> String {
    let mut stream = TcpStream::connect(servers.redis_url.strip_prefix("redis://").unwrap()).unwrap();
    stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

fn http_get(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned()
}
