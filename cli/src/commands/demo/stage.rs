//! Where the demo plays: the shop, whoever comes there, and the board that hears of everything.

use std::sync::Arc;

use anyhow::{Result, bail};
use orderflow::topics::{FRAUD, INVENTORY, ORDERS, PAYMENTS, REVIEWS, SHIPPING};
use reqwest::Client;
use tokio::runtime::Handle;

use super::{board::Board, people::People, start::Running};
use crate::{
    environment::Environment,
    load::{Shop, client},
    log::{Decoder, Entry, Follower},
};

/// All of it.
pub(super) struct Stage<'a> {
    pub(super) running: &'a Running,
    pub(super) client: Client,
    /// Where orders are placed.
    pub(super) url: String,
    pub(super) shop: Shop,
    pub(super) people: People,
    pub(super) board: Arc<Board>,
    pub(super) follower: Follower,
}

impl<'a> Stage<'a> {
    /// Sets it; from now on the board hears of every order.
    ///
    /// # Errors
    /// When a server does not answer.
    pub(super) async fn set(running: &'a Running) -> Result<Self> {
        let environment = &running.environment;
        let board = Arc::new(Board::default());
        let follower = follow(environment, &board).await?;
        let client = client()?;
        let url = environment.intake_url()?;
        let shop = Shop::ask(&client, &url).await?;
        let people = People::at(client.clone(), environment.status_url());
        Ok(Self { running, client, url, shop, people, board, follower })
    }

    /// What comes of `played` while somebody reviews whatever is held.
    ///
    /// # Errors
    /// Those of `played`.
    pub(super) async fn reviewed<T>(&self, played: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = played => done,
            () = self.people.review() => bail!("the reviewer has left"),
        }
    }
}

async fn follow(environment: &Environment, board: &Arc<Board>) -> Result<Follower> {
    let topics = [ORDERS, REVIEWS, FRAUD, INVENTORY, PAYMENTS, SHIPPING];
    let (decoder, here) = (Decoder::new(environment.connection().registry()?), Handle::current());
    let board = Arc::clone(board);
    let take = move |entry: Entry| {
        if let Err(error) = here.block_on(decoder.learn([&entry])) {
            eprintln!("a record's schema cannot be looked up: {error:#}");
        }
        board.heard(&entry, &decoder);
    };
    Follower::start(&environment.kafka_config(), &environment.names(), &topics, take).await
}
