//! CPU and memory, by process, as `/proc` tells them.

use std::{fs, time::Instant};

use anyhow::{Context, Result};
use orderflow_stack::Memory;

/// Linux counts CPU time in hundredths of a second for everybody (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// The processes that are told apart.
#[derive(Debug, Clone, Default)]
pub struct Who {
    pub hops: Vec<u32>,
    pub redis: u32,
    pub broker: u32,
    /// What stands for others' servers, such as the gateway.
    pub outside: Vec<u32>,
}

/// CPU seconds up to a moment.
#[derive(Debug, Clone, Copy)]
pub struct Cpu {
    hops: f64,
    redis: f64,
    broker: f64,
    outside: f64,
    own: f64,
    machine: f64,
    at: Instant,
}

/// CPU seconds within a time.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    pub hops: f64,
    pub redis: f64,
    pub broker: f64,
    pub outside: f64,
    /// The load and the sink.
    pub own: f64,
    /// How many cores everybody else on this machine used.
    pub other_cores: f64,
}

impl Who {
    /// CPU up to now.
    pub fn cpu(&self) -> Result<Cpu> {
        let all = |pids: &[u32]| pids.iter().map(|pid| process(*pid)).sum::<Result<f64>>();
        let (hops, outside) = (all(&self.hops)?, all(&self.outside)?);
        let (redis, broker) = (process(self.redis)?, process(self.broker)?);
        let own = process(std::process::id())?;
        let machine = machine(&fs::read_to_string("/proc/stat")?);
        Ok(Cpu { hops, redis, broker, outside, own, machine, at: Instant::now() })
    }

    /// The largest resident sets so far of all hops together, in MB.
    pub fn peak(&self) -> Result<u64> {
        let peak = |pid: u32| Memory::of(pid).map(|memory| memory.peak / 1_000_000);
        self.hops.iter().map(|pid| peak(*pid)).sum()
    }
}

impl Cpu {
    /// What was used since `before`.
    pub fn since(&self, before: &Self) -> Used {
        let seconds = self.at.duration_since(before.at).as_secs_f64();
        let sum = |cpu: &Self| cpu.hops + cpu.redis + cpu.broker + cpu.outside + cpu.own;
        let others = (self.machine - before.machine) - (sum(self) - sum(before));
        Used {
            hops: self.hops - before.hops,
            redis: self.redis - before.redis,
            broker: self.broker - before.broker,
            outside: self.outside - before.outside,
            own: self.own - before.own,
            other_cores: others.max(0.0) / seconds,
        }
    }
}

fn process(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    of_stat(&stat).with_context(|| format!("{path} is not as expected"))
}

/// User and system time of a process; its name, in brackets, may hold anything.
fn of_stat(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |nth: usize| fields.get(nth)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// All but idle and waiting for disks; with stolen time, since that too is time nobody here had.
fn machine(stat: &str) -> f64 {
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
    let busy = [0, 1, 2, 5, 6, 7].into_iter().filter_map(|nth| ticks.get(nth)).sum::<f64>();
    busy / TICKS_PER_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_behind_a_name_with_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 1";
        assert_eq!(of_stat(stat), Some(3.0));
        assert_eq!(of_stat("7 (a"), None);
    }

    #[test]
    fn waiting_is_no_work() {
        assert_eq!(machine("cpu  100 0 50 9000 700 10 20 20 0 0\ncpu0 1"), 2.0);
    }
}
