//! What is kept of a run after every turn: one that was broken off has measured something, and can go on.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{contestants::Contestant, measured::Measured, settings::Settings};

const FILE: &str = "rivals.json";

/// A run so far.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    machine: String,
    settings: BTreeMap<String, Value>,
    pub measured: Vec<Measured>,
}

impl Kept {
    /// A run that begins; or, where that was asked for, the one in the folder of results.
    ///
    /// # Errors
    /// When there is none, or it is of another machine or of other settings.
    pub fn open(settings: &Settings, machine: String) -> Result<Self> {
        let asked = serde_json::from_value(serde_json::to_value(settings)?)?;
        let fresh = Self { machine, settings: asked, measured: Vec::new() };
        if !settings.resume {
            return Ok(fresh);
        }
        let file = settings.results.join(FILE);
        let none = || format!("no run to go on with in {}", file.display());
        let bytes = fs::read(&file).with_context(none)?;
        fresh.after(serde_json::from_slice(&bytes).with_context(none)?)
    }

    /// With the turns of the run before. How many there should be may change.
    fn after(self, before: Self) -> Result<Self> {
        ensure!(self.machine == before.machine, "that run was on another machine: {}", before.machine);
        for (name, asked) in self.settings.iter().filter(|(name, _)| *name != "repeats") {
            let was = before.settings.get(name).unwrap_or(&Value::Null);
            ensure!(
                asked == was,
                "that run had {name} at {was}, not {asked}: ask for the same, or begin anew"
            );
        }
        Ok(Self { measured: before.measured, ..self })
    }

    /// The turns that are left, A B C, B C A, …: nobody is always the one that comes after the same other.
    pub fn turns_left(&self, contestants: &[Contestant], repeats: usize) -> Vec<(usize, Contestant)> {
        let in_turn = |repeat| {
            let sequence = contestants.iter().cycle().skip(repeat - 1).take(contestants.len());
            sequence.map(move |contestant| (repeat, *contestant))
        };
        let is_left = |(repeat, contestant): &(usize, Contestant)| self.turns_of(*contestant) < *repeat;
        (1..=repeats).flat_map(in_turn).filter(is_left).collect()
    }

    /// How many turns a contestant has had.
    fn turns_of(&self, contestant: Contestant) -> usize {
        let name = contestant.name();
        let mut modes = self.measured.iter().filter(|one| one.contestant == name).map(|one| &one.mode);
        // Each turn measures each mode once.
        modes.next().map_or(0, |first| 1 + modes.filter(|mode| *mode == first).count())
    }

    /// Writes it into the folder of results; broken off, it leaves what was there.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn write(&self, settings: &Settings) -> Result<()> {
        let results = &settings.results;
        fs::create_dir_all(results).with_context(|| format!("making {}", results.display()))?;
        let (file, partial) = (results.join(FILE), results.join(format!("{FILE}.part")));
        let writing = || format!("writing {}", file.display());
        fs::write(&partial, serde_json::to_vec_pretty(self)?).with_context(writing)?;
        fs::rename(&partial, &file).with_context(writing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(settings: Value, measured: Vec<Measured>) -> Kept {
        let settings = serde_json::from_value(settings).unwrap();
        Kept { machine: "2 cores".to_owned(), settings, measured }
    }

    fn turn(contestant: Contestant) -> [Measured; 2] {
        ["start", "burst"].map(|mode| Measured::new(contestant, mode, 10, 1.0))
    }

    #[test]
    fn a_run_goes_on_with_the_turns_it_has_and_may_have_more() {
        let had =
            [turn(Contestant::ExactlyOnce), turn(Contestant::Streams100), turn(Contestant::ExactlyOnce)];
        let before = kept(json!({"orders": 10, "repeats": 2}), had.concat());
        // As it comes back from the file.
        let before = serde_json::from_value(serde_json::to_value(before).unwrap()).unwrap();
        let run = kept(json!({"orders": 10, "repeats": 5}), Vec::new()).after(before).unwrap();
        let contestants = [Contestant::ExactlyOnce, Contestant::Streams100, Contestant::Broker];
        assert_eq!(contestants.map(|one| run.turns_of(one)), [2, 1, 0]);
        assert_eq!(run.settings["repeats"], 5);
        let [first, second, third] = contestants;
        let left = [(1, third), (2, second), (2, third), (3, third), (3, first), (3, second)];
        assert_eq!(run.turns_left(&contestants, 3), left);
        assert_eq!(run.turns_left(&contestants[..2], 1), []);
    }

    #[test]
    fn it_does_not_go_on_elsewhere_or_otherwise() {
        let asked = || kept(json!({"orders": 10}), Vec::new());
        let refusal = |before| format!("{:#}", asked().after(before).unwrap_err());
        let elsewhere = Kept { machine: "64 cores".to_owned(), ..asked() };
        assert!(refusal(elsewhere).contains("64 cores"));
        let otherwise = kept(json!({"orders": 20}), Vec::new());
        assert!(refusal(otherwise).contains("orders at 20, not 10"));
    }
}
