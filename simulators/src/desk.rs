//! One request from its key to its durable answer.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::book::{Answered, Asker, Book, Changed, Decision, Moment, Simulator};
use crate::call::{Call, Change, Keyed};
use crate::claims::{Claims, locked};
use crate::clock::Clock;
use crate::fate::{Dice, Fate};
use crate::journal::Journal;
use crate::ledger::{self, LedgerError, Record};
use crate::reply::{Refusal, Reply};

/// What of an answer's time is left for its line to become durable: the disk's time is not to come on top.
const WRITING: Duration = Duration::from_millis(3);

/// How a desk is set up.
pub struct Options<F> {
    /// The seed of the fault draws.
    pub seed: u64,
    /// The fault switches at the start.
    pub faults: F,
    /// How long a key is remembered.
    pub key_life: SignedDuration,
    /// The time.
    pub clock: Clock,
}

/// Serves the requests of one simulator.
pub struct Desk<S: Simulator> {
    book: Mutex<Book<S>>,
    journal: Journal,
    claims: Claims,
    faults: Mutex<(S::Faults, Dice)>,
    clock: Clock,
    listener: Mutex<Option<mpsc::UnboundedSender<News<S>>>>,
    stopping: watch::Sender<bool>,
}

/// A line of the ledger.
type Line<S> = Arc<Record<<S as Simulator>::Entry>>;

/// A new line, and the fault switches as they were then.
type News<S> = (Line<S>, <S as Simulator>::Faults);

impl<S: Simulator> Desk<S> {
    /// Opens the ledger and takes in what it says.
    ///
    /// # Errors
    /// Those of [`ledger::open`], and when no writer can be started.
    pub fn open(simulator: S, path: &Path, options: Options<S::Faults>) -> Result<Self, LedgerError> {
        let (records, file) = ledger::open(path)?;
        let book = Book::new(simulator, records, options.key_life);
        let journal = Journal::start(file, book.last_sequence())
            .map_err(|source| LedgerError::Io { path: path.into(), source })?;
        Ok(Self {
            book: Mutex::new(book),
            journal,
            claims: Claims::default(),
            faults: Mutex::new((options.faults, Dice::new(options.seed))),
            clock: options.clock,
            listener: Mutex::default(),
            stopping: watch::Sender::new(false),
        })
    }

    /// Answers a change: once per key, durable before the answer.
    pub async fn change<R: Change>(
        &self,
        call: &Call,
        keyed: Keyed,
        decide: impl FnOnce(&S, R, &Moment) -> Decision<S::Entry>,
    ) -> Response {
        match self.try_change(call, keyed, decide).await {
            Ok(answered) => answered.reply.respond(answered.replayed),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    async fn try_change<R: Change>(
        &self,
        call: &Call,
        keyed: Keyed,
        decide: impl FnOnce(&S, R, &Moment) -> Decision<S::Entry>,
    ) -> Result<Answered, Refusal> {
        let key = call.key(keyed)?;
        let request: R = call.request()?;
        let asker = Asker { request: call.fingerprint(&request), key };
        let claim = self.claims.claim(asker.key.as_deref())?;
        let fate = self.fate();
        let latency = if request.is_decided_outside() { fate.latency } else { fate.at_home };
        let due = Instant::now() + latency;
        suffer(&fate, latency.saturating_sub(WRITING)).await?;
        let (answered, line) =
            self.record(asker, &fate, |simulator, moment| decide(simulator, request, moment))?;
        self.durable(answered.rests_on).await?;
        tokio::time::sleep_until(due).await;
        self.tell(line);
        // The work is done: a caller that gave up on a withheld answer may ask again at once.
        drop(claim);
        if answered.effect && fate.withheld {
            self.hold(fate.hold).await;
            return Err(Refusal::NoAnswer);
        }
        Ok(answered)
    }

    /// Answers a question. What it answers is durable too: a state that a crash could undo is
    /// never shown.
    pub async fn look(&self, question: impl FnOnce(&S) -> Reply) -> Response {
        let fate = self.fate();
        if let Err(refusal) = suffer(&fate, fate.at_home).await {
            return self.refuse(&refusal);
        }
        self.inspect(|book| question(book.simulator())).await
    }

    /// Answers from the book without faults: for the operator, not for callers.
    pub async fn inspect(&self, question: impl FnOnce(&Book<S>) -> Reply) -> Response {
        let (reply, rests_on) = {
            let book = locked(&self.book);
            (question(&book), book.last_sequence())
        };
        match self.durable(rests_on).await {
            Ok(()) => reply.respond(false),
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// The answer to a request that got no decision.
    #[must_use]
    pub fn refuse(&self, refusal: &Refusal) -> Response {
        S::refuse(refusal).respond(false)
    }

    /// The fault switches as they are.
    #[must_use]
    pub fn faults(&self) -> S::Faults {
        locked(&self.faults).0.clone()
    }

    /// Sets the fault switches; requests under way keep their fate.
    pub fn set_faults(&self, faults: S::Faults) {
        locked(&self.faults).0 = faults;
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Every new line from now on, once it is durable, with the fault switches as they are then. There is one listener:
    /// the last to ask.
    #[must_use]
    pub fn listen(&self) -> mpsc::UnboundedReceiver<News<S>> {
        let (listener, lines) = mpsc::unbounded_channel();
        *locked(&self.listener) = Some(listener);
        lines
    }

    fn tell(&self, line: Option<Line<S>>) {
        if let (Some(line), Some(listener)) = (line, &*locked(&self.listener)) {
            // Nobody may be listening any more.
            let _ = listener.send((line, self.faults()));
        }
    }

    /// How many keys are being worked on.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.claims.count()
    }

    /// Lets withheld answers go, so that a stop does not wait for them.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether [`Desk::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits for [`Desk::stop`].
    pub async fn stopped(&self) {
        // The sender lives in self, so the wait cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Waits for the failure of the ledger; does not return while it works.
    pub async fn broken(&self) -> LedgerError {
        self.journal.broken().await
    }

    fn fate(&self) -> Fate {
        let (settings, dice) = &mut *locked(&self.faults);
        dice.throw(settings)
    }

    fn record(
        &self,
        asker: Asker,
        fate: &Fate,
        decide: impl FnOnce(&S, &Moment) -> Decision<S::Entry>,
    ) -> Result<Changed<S::Entry>, Refusal> {
        let mut book = locked(&self.book);
        let (answered, record) = book.change(asker, (self.clock)(), fate, decide)?;
        if let Some(record) = &record {
            let line = serde_json::to_vec(&**record).map_err(|_| Refusal::LedgerBroken)?;
            // Under the book's lock, so that lines reach the file in the order of their sequence.
            self.journal.append(record.sequence, line);
        }
        Ok((answered, record))
    }

    async fn durable(&self, sequence: u64) -> Result<(), Refusal> {
        self.journal.settled(sequence).await.map_err(|_| Refusal::LedgerBroken)
    }

    async fn hold(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.stopped() => {}
        }
    }
}

async fn suffer(fate: &Fate, latency: Duration) -> Result<(), Refusal> {
    tokio::time::sleep(latency).await;
    fate.failure.clone().map_or(Ok(()), Err)
}
