//! One connection through a proxy.

use std::{
    collections::HashMap,
    io::{Error, ErrorKind, Result},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::watch,
};

use super::{
    Mishap, Rules, Speaks,
    frames::{self, Head},
};

const PIECE: usize = 16 * 1024;

pub(super) struct Line {
    speaks: Speaks,
    rules: watch::Receiver<Rules>,
    known: Mutex<Known>,
}

/// What has been seen of a connection.
#[derive(Default)]
struct Known {
    client: Option<String>,
    /// What the requests ask for that are not answered, by their numbers.
    asked: HashMap<i32, i16>,
}

impl Line {
    pub(super) fn new(speaks: Speaks, rules: watch::Receiver<Rules>) -> Self {
        Self { speaks, rules, known: Mutex::default() }
    }

    /// Passes requests on, to the end.
    pub(super) async fn requests(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<()> {
        loop {
            let piece = self.read(&mut from).await?;
            if let Some(Head { asks, number, client }) = self.of_kafka(&piece, frames::head) {
                let mut known = self.known();
                known.client = client;
                known.asked.insert(number, asks);
            }
            self.pass().await?;
            to.write_all(&piece).await?;
        }
    }

    /// Passes answers on, to the end.
    pub(super) async fn answers(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<()> {
        loop {
            let piece = self.read(&mut from).await?;
            let number = self.of_kafka(&piece, frames::answers);
            let asked = number.and_then(|number| self.known().asked.remove(&number));
            self.pass().await?;
            match asked.and_then(|asked| self.meets(asked)) {
                None => {}
                Some(Mishap::Late(by)) => tokio::time::sleep(by).await,
                Some(Mishap::Lost) => return Err(Error::new(ErrorKind::ConnectionReset, "as ruled")),
            }
            to.write_all(&piece).await?;
        }
    }

    async fn read(&self, from: &mut OwnedReadHalf) -> Result<Vec<u8>> {
        if self.speaks == Speaks::Kafka {
            return frames::read(from).await;
        }
        let mut piece = vec![0; PIECE];
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(length);
        Ok(piece)
    }

    fn of_kafka<T>(&self, piece: &[u8], look: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        if self.speaks == Speaks::Kafka { look(piece) } else { None }
    }

    fn meets(&self, asked: i16) -> Option<Mishap> {
        let rules = self.rules.borrow();
        rules.answers.as_ref().filter(|_| self.is_concerned(&rules))?.meets(asked)
    }

    /// Waits as long as the rules say.
    async fn pass(&self) -> Result<()> {
        let mut rules = self.rules.clone();
        let gone = |_| Error::from(ErrorKind::ConnectionAborted);
        let delay = {
            let rules = rules.wait_for(|rules| !(rules.silent && self.is_concerned(rules))).await;
            let rules = rules.map_err(gone)?;
            if self.is_concerned(&rules) { rules.delay } else { Duration::ZERO }
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        Ok(())
    }

    fn is_concerned(&self, rules: &Rules) -> bool {
        rules.concern(self.known().client.as_deref())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
