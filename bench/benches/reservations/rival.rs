//! `redis-benchmark`: the same script with one order a call, each call once the one before is answered.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use inventory::Stock;
use orderflow::{clock::Clock, state::State};
use orderflow_testkit::RedisServer;
use redis::aio::ConnectionManager;
use uuid::Uuid;

use crate::{
    VALIDITY,
    orders::{SKUS, order},
};

/// What `redis-benchmark` replaces by a number below [`SKUS`], each time by another.
const RANDOM: &str = "__rand_int__";
/// Stands for the order's id in the call.
const ORDER: &str = "<order>";
/// Redis's own limit, microseconds.
const SLOW: u32 = 10_000;

/// The call, with something else in place of the order's id and its SKUs.
pub struct Rival {
    socket: String,
    call: Vec<String>,
}

impl Rival {
    /// `None`, with a word, where there is no `redis-benchmark`.
    pub async fn find(redis: &RedisServer, state: &State, stock: &Stock) -> Result<Option<Self>> {
        let known = Command::new("redis-benchmark").arg("--version").stdout(Stdio::null()).status();
        if known.is_err() {
            println!("skipped: redis-benchmark (it is not on PATH)");
            return Ok(None);
        }
        let url = redis.url();
        let socket = url.strip_prefix("redis+unix://").context("Redis has no socket")?.to_owned();
        Ok(Some(Self { socket, call: call(&mut state.redis(), stock).await? }))
    }

    /// Sets so many orders aside, and says how long that took.
    pub async fn run(&self, clients: u32, orders: usize) -> Result<Duration> {
        let mut command = tokio::process::Command::new("redis-benchmark");
        command.args(["-s", &self.socket, "--csv", "-c", &clients.to_string(), "-n", &orders.to_string()]);
        command.args(["-r", &SKUS.to_string()]).stdin(Stdio::null());
        // Its numbers come again now and then: it is seeded by the time and its process id.
        let run = &Uuid::new_v4().simple().to_string()[..8];
        let id = [run, RANDOM, RANDOM, RANDOM].join("-");
        command.args(self.call.iter().map(|word| if word == ORDER { &id } else { word }));
        let began = Instant::now();
        let done = command.output().await.context("running redis-benchmark")?;
        let (wall, said) = (began.elapsed(), String::from_utf8_lossy(&done.stdout));
        ensure!(done.status.success(), "redis-benchmark failed: {said}");
        let took = Duration::from_secs_f64(orders as f64 / per_second(&said)?);
        ensure!(took <= wall, "redis-benchmark counts {took:?}, but ended after {wall:?}");
        Ok(took)
    }
}

/// The second column of its last line; the first is the call, which may hold anything.
fn per_second(csv: &str) -> Result<f64> {
    let last = csv.trim_end().rsplit('\n').next().unwrap_or_default();
    let column = last.rsplit("\",\"").nth(6);
    column.and_then(|text| text.parse().ok()).with_context(|| format!("no requests a second: {csv}"))
}

/// An entry of Redis's log of slow calls: its number, when, how long, the call, the caller and the caller's name.
type Noted = (u64, u64, u64, Vec<Vec<u8>>, String, String);

/// What the service sends for one order, as Redis has noted it.
async fn call(redis: &mut ConnectionManager, stock: &Stock) -> Result<Vec<String>> {
    let asked = order();
    let now = Clock::system().now();
    let reserve = async |order| stock.reserve(vec![Ok(order)], now, now + VALIDITY).await;
    // From now on Redis knows the script.
    reserve(order()).await?;
    note_from(redis, 0).await?;
    reserve(asked.clone()).await?;
    note_from(redis, SLOW).await?;
    let noted: Vec<Noted> = redis::cmd("SLOWLOG").arg("GET").arg(-1).query_async(redis).await?;
    // What the script does is noted as well, and may be no text.
    let texts = |words: Vec<Vec<u8>>| words.into_iter().map(String::from_utf8).collect::<Result<Vec<_>, _>>();
    let is_it = |words: &Vec<String>| words[0] == "EVALSHA" && words.contains(&asked.order_id.to_string());
    let mut calls = noted.into_iter().filter_map(|entry| texts(entry.3).ok());
    let mut call = calls.find(is_it).context("Redis has not noted the call")?;
    for word in &mut call {
        if *word == asked.order_id.to_string() {
            ORDER.clone_into(word);
        } else if asked.lines.iter().any(|line| line.sku == *word) {
            RANDOM.clone_into(word);
        }
    }
    Ok(call)
}

/// Has Redis note the calls that take as long as this, microseconds.
async fn note_from(redis: &mut ConnectionManager, limit: u32) -> Result<()> {
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("slowlog-log-slower-than").arg(limit);
    Ok(set.query_async(redis).await?)
}
