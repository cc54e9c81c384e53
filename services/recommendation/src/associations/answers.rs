//! What the scripts answer: texts, one after the other.

use std::str::FromStr;

use orderflow::fault::Fault;

use super::Learnt;
use crate::evidence::{Clue, Context, Kind, Relations, Weighed};

/// A script's answer, being read.
pub struct Answers(std::vec::IntoIter<Vec<u8>>);

impl Answers {
    pub fn new(texts: Vec<Vec<u8>>) -> Self {
        Self(texts.into_iter())
    }

    /// What an event has led to.
    pub fn learnt(&mut self) -> Result<Learnt, Fault> {
        let (said, due) = (self.text()?, self.text()? == "1");
        let clues = self.pairs(|kind, sku| Ok(Clue { kind: read_kind(&kind)?, sku }))?;
        let excluded = self.texts()?.into_iter().collect();
        let said = Some(said).filter(|said| !said.is_empty());
        Ok(Learnt { said, due, context: Context { clues, excluded } })
    }

    /// What is known of products.
    pub fn relations(mut self) -> Result<Relations, Fault> {
        let mut relations = Relations::default();
        for _ in 0..self.number::<usize>()? {
            let sku = self.text()?;
            relations.bought.insert(sku.clone(), self.row()?);
            relations.viewed.insert(sku, self.row()?);
        }
        relations.orders = self.weighed()?;
        relations.views = self.weighed()?;
        relations.popular = self.texts()?;
        Ok(relations)
    }

    fn weighed(&mut self) -> Result<Weighed, Fault> {
        Ok(self.pairs(|sku, weight| Ok((sku, read(&weight)?)))?.into_iter().collect())
    }

    /// A row as it is kept: MessagePack, a map of SKUs to weights.
    fn row(&mut self) -> Result<Weighed, Fault> {
        let packed = self.0.next().ok_or_else(unreadable)?;
        if packed.is_empty() {
            return Ok(Weighed::new());
        }
        rmp_serde::from_slice(&packed).map_err(|error| unreadable().caused_by(error))
    }

    /// A number of texts in front, then as many, two of which belong together.
    fn pairs<T>(&mut self, one: impl Fn(String, String) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let count = self.number::<usize>()? / 2;
        (0..count).map(|_| one(self.text()?, self.text()?)).collect()
    }

    /// A number of texts in front, then they.
    fn texts(&mut self) -> Result<Vec<String>, Fault> {
        let count = self.number()?;
        (0..count).map(|_| self.text()).collect()
    }

    fn number<N: FromStr>(&mut self) -> Result<N, Fault> {
        read(&self.text()?)
    }

    fn text(&mut self) -> Result<String, Fault> {
        let text = self.0.next().ok_or_else(unreadable)?;
        String::from_utf8(text).map_err(|error| unreadable().caused_by(error))
    }
}

fn read_kind(text: &str) -> Result<Kind, Fault> {
    match text {
        "c" => Ok(Kind::Cart),
        "v" => Ok(Kind::Viewed),
        "b" => Ok(Kind::Bought),
        _ => Err(unreadable()),
    }
}

fn read<N: FromStr>(text: &str) -> Result<N, Fault> {
    text.parse().map_err(|_| unreadable())
}

fn unreadable() -> Fault {
    Fault::fatal("redis_script", "a script's answer is not as this version writes it")
}
