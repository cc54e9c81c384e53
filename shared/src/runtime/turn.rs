//! One turn of the loop, between polling and committing: each record gets its answer.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::future::join_all;
use tracing::warn;

use super::{
    batch::{Raw, Urgency, rounds},
    dead_letter::{Failure, bury},
    engine::Engine,
    held::Verdict,
    hop::{Answer, Answered, Emitted},
    stop_limit::Counts,
    traced,
    waiting::{Ended, Standing},
    writer::Outgoing,
};
use crate::{
    codec::{Known, schema_id},
    envelope::Tried,
    events::RecordType,
    fault::{Consequence, Fault},
    faults::{self, Plant, planted},
    metrics,
    step::Origin,
    topics::Topic,
    trace::TraceContext,
};

/// What a batch led to, ready to be made durable.
#[derive(Default)]
pub(crate) struct Settled {
    pub records: Vec<Outgoing>,
    /// Topic and partition to the next offset.
    pub offsets: BTreeMap<(Topic, i32), i64>,
    /// Partitions held, and at which offset.
    pub holds: BTreeMap<(Topic, i32), i64>,
    /// What the journal says once this is committed.
    pub ended: Vec<Ended>,
    /// How many records were given up, and how many answered, for the first time: see [`super::stop_limit`].
    pub first_time: Counts,
}

/// Who handles a record.
enum Route {
    Hop(usize),
    /// A record type of this topic that this service has no step for.
    Skip,
    /// An operator wants it given up for good: nobody is to handle it.
    Discard,
    Refused(Fault),
}

/// A record of the batch on its way to its answer.
pub(super) struct Item<'a> {
    pub raw: &'a Raw,
    hop: Option<usize>,
    /// Whether there is no step for it.
    pub skipped: bool,
    pub round: usize,
    pub answer: Option<Answer>,
    /// Its span in the step, where that is kept.
    pub span: Option<TraceContext>,
    /// How it has failed, when it is given up.
    pub tried: Tried,
    /// How it stands to the line of its key.
    pub standing: Standing,
}

impl Item<'_> {
    /// Whether its step is still to be asked.
    fn is_open(&self) -> bool {
        self.answer.is_none() && matches!(self.standing, Standing::Free | Standing::Blocker)
    }

    /// Whether it is given up, unless its partition is held.
    pub fn is_letter(&self) -> bool {
        matches!(self.answer, Some(Err(_))) && matches!(self.standing, Standing::Free | Standing::Blocker)
    }
}

impl Engine {
    /// Answers every record of the batch that can be answered now.
    ///
    /// # Errors
    /// `Lost` or `Fatal`: nothing of the batch may be published.
    pub(super) fn answer(&mut self, batch: &[Raw]) -> Result<Settled, Fault> {
        let mut settled = Settled::default();
        let mut items = self.sort(batch.iter(), &mut settled)?;
        self.line_up(&mut items)?;
        self.in_rounds(&mut items, &mut settled, Self::fall_in)?;
        self.stop_at_limit(&items, &mut settled);
        self.keep_order(&mut items, &mut settled)?;
        for item in items {
            if !settled.is_held(item.raw) {
                self.collect(item, &mut settled)?;
            }
        }
        Ok(settled)
    }

    /// Asks one round after the other; `fall_in` is told of each before it is asked, and of the rounds before it.
    pub(super) fn in_rounds(
        &mut self,
        items: &mut [Item<'_>],
        settled: &mut Settled,
        fall_in: fn(&Self, &mut [Item<'_>], usize, &Settled),
    ) -> Result<(), Fault> {
        let last = items.iter().map(|item| item.round).max().unwrap_or(0);
        for round in 0..=last {
            fall_in(self, items, round, settled);
            self.ask(round, items, settled)?;
        }
        Ok(())
    }

    /// Finds each record's step and round. Faults found before any step ran hold their partitions from the start.
    pub(super) fn sort<'a>(
        &mut self,
        batch: impl Iterator<Item = &'a Raw>,
        settled: &mut Settled,
    ) -> Result<Vec<Item<'a>>, Fault> {
        let item = |raw| {
            let route = self.route(raw);
            let skipped = matches!(route, Route::Skip);
            let (hop, answer) = match route {
                Route::Hop(hop) => (Some(hop), None),
                Route::Skip | Route::Discard => (None, Some(Ok(Vec::new()))),
                Route::Refused(fault) => (None, Some(Err(fault))),
            };
            let (tried, standing) = (Tried::default(), Standing::Free);
            Item { raw, hop, skipped, round: 0, answer, span: None, tried, standing }
        };
        let mut items: Vec<Item<'_>> = batch.map(item).collect();
        // What no step is for is in nobody's order.
        let order = rounds(items.iter().map(|item| if item.skipped { &[][..] } else { item.raw.key() }));
        items.iter_mut().zip(order).for_each(|(item, round)| item.round = round);
        for item in items.iter_mut().filter(|item| item.answer.is_some()) {
            self.judge(item, "decode", settled)?;
        }
        Ok(items)
    }

    /// Has the steps answer one round, side by side, since its keys differ.
    fn ask(&mut self, round: usize, items: &mut [Item<'_>], settled: &mut Settled) -> Result<(), Fault> {
        let ours = |hop| {
            let ours = items
                .iter()
                .enumerate()
                .filter(move |(_, item)| item.hop == Some(hop) && item.round == round && item.is_open());
            let open: Vec<usize> =
                ours.filter(|(_, item)| !settled.is_held(item.raw)).map(|(i, _)| i).collect();
            (!open.is_empty()).then_some((hop, open))
        };
        let groups: Vec<(usize, Vec<usize>)> = (0..self.hops.len()).filter_map(ours).collect();
        let asked = groups.iter().map(|(hop, ours)| {
            let records: Vec<&Raw> = ours.iter().map(|i| items[*i].raw).collect();
            let (hop, codec) = (&self.hops[*hop], &self.codec);
            async move { hop.handle(&records, codec).await }
        });
        let given = self.handle.block_on(join_all(asked));
        for ((hop, ours), answers) in groups.into_iter().zip(given) {
            let name = self.hops[hop].name();
            ::metrics::counter!(metrics::STEP_RECORDS, "step" => name).increment(answers.len() as u64);
            if answers.iter().any(|answered| answered.answer.is_ok()) {
                self.held.succeeded(name);
            }
            for (i, Answered { answer, span }) in ours.into_iter().zip(answers) {
                items[i].answer = Some(answer);
                items[i].span = span;
                self.judge(&mut items[i], name, settled)?;
            }
        }
        Ok(())
    }

    /// Decides what a fault means: hold the partition, stop everything, or give the record up.
    fn judge(&mut self, item: &mut Item<'_>, step: &'static str, settled: &mut Settled) -> Result<(), Fault> {
        let Some(Err(fault)) = &item.answer else { return Ok(()) };
        let place = &item.raw.place;
        if fault.pause().is_none() {
            ::metrics::counter!(metrics::STEP_ERRORS, "step" => step, "code" => fault.code()).increment(1);
        }
        match fault.consequence() {
            Consequence::Poison => {}
            Consequence::Lost | Consequence::Fatal => return Err(fault.again()),
            Consequence::Transient if let Some(wait) = fault.pause() => {
                self.held.excuse(place, wait); // whoever knows of the outage has told of it
                settled.hold(place);
            }
            Consequence::Transient => match self.held.failed(place, step, self.retry_limit) {
                Verdict::GiveUp(tried) => item.tried = tried,
                Verdict::Hold => {
                    ::metrics::counter!(metrics::RETRIES, "step" => step, "code" => fault.code())
                        .increment(1);
                    let (correlation_id, trace_id) = (item.raw.correlation_id(), item.raw.trace_id());
                    warn!(step, code = fault.code(), %fault, topic = %place.topic, partition = place.partition,
                        offset = place.offset, correlation_id, trace_id, "will be tried again");
                    settled.hold(place);
                }
            },
        }
        Ok(())
    }

    fn collect(&mut self, item: Item<'_>, settled: &mut Settled) -> Result<(), Fault> {
        let (raw, place) = (item.raw, &item.raw.place);
        if self.waiting.is_again(raw) {
            ::metrics::counter!(metrics::REDRIVES, "outcome" => outcome(&item)).increment(1);
        }
        match (item.standing, item.answer) {
            (Standing::Done, _) => {}
            (Standing::Behind, _) => settled.records.push(self.to_wait(raw)),
            (_, Some(Ok(events))) => {
                let tried = self.held.tried(place);
                settled.records.extend(events.into_iter().map(|mut event| {
                    event.envelope.tried = tried;
                    self.outgoing(event)
                }));
                if item.standing == Standing::Blocker || self.waiting.is_again(raw) {
                    self.settle(raw, settled)?;
                }
            }
            (_, Some(Err(_))) if planted(Plant::SwallowedPoison) => {}
            (_, Some(Err(fault))) => {
                settled.records.push(self.letter(raw, &fault, item.tried, item.span.as_ref()));
            }
            (_, None) => return Ok(()),
        }
        settled.offsets.insert((place.topic, place.partition), place.offset + 1);
        Ok(())
    }

    /// The dead letter of a record, below the span in which it failed.
    pub(super) fn letter(
        &self,
        raw: &Raw,
        fault: &Fault,
        tried: Tried,
        span: Option<&TraceContext>,
    ) -> Outgoing {
        let topic = self.names.topic(self.waiting.topics.dead_letters);
        let refused = span.is_none().then(|| self.reader.refused(raw, fault)).flatten();
        let below = span.or(refused.as_ref());
        let last = self.clock.now();
        let first = last.checked_sub(Duration::from_millis(tried.held_ms)).unwrap_or(last);
        let failure = Failure { attempts: tried.attempts, first, last };
        let letter = bury(raw, &self.names, &self.group, fault, failure, below);
        warn!(code = letter.code, %fault, topic = %raw.place.topic, partition = raw.place.partition,
            offset = raw.place.offset, correlation_id = raw.correlation_id(),
            trace_id = letter.trace.trace_id(), "dead letter");
        ::metrics::counter!(metrics::DEAD_LETTERS, "code" => letter.code).increment(1);
        let span = below.map(|below| traced::burying(&topic, raw, &letter.trace, below.span()));
        let (key, value, headers) = (letter.key, letter.value, Some(letter.headers));
        Outgoing { topic, key, value, headers, span, tallies: Vec::new() }
    }

    pub(super) fn outgoing(&self, event: Emitted) -> Outgoing {
        let topic = self.names.topic(event.encoded.record.topic);
        let span = event.sender.map(|sender| traced::sending(&topic, &event.envelope, sender));
        Outgoing {
            topic,
            key: Some(event.encoded.key.into_bytes()),
            value: Some(event.encoded.value),
            headers: Some(event.envelope.to_headers()),
            span,
            tallies: event.encoded.tallies,
        }
    }

    /// Who waits for what a record of this topic leads to.
    pub(super) fn urgency(&self, topic: Topic, value: &[u8]) -> Urgency {
        match self.hop_for(topic, value) {
            Ok(Some(hop)) if self.hops[hop].gathers() => Urgency::Later,
            Ok(None) => Urgency::Never,
            Ok(Some(_)) | Err(_) => Urgency::Now,
        }
    }

    /// Whether somebody waits for what this record leads to, and it likely leads to an event.
    pub(super) fn leads_on(&self, raw: &Raw) -> bool {
        raw.urgency == Urgency::Now
            && matches!(self.route(raw), Route::Hop(hop) if !self.hops[hop].outputs().is_empty())
    }

    fn route(&self, raw: &Raw) -> Route {
        // Whatever its bytes are.
        if raw.is_discarded() {
            return Route::Discard;
        }
        if raw.urgency == Urgency::Never {
            return Route::Skip;
        }
        match self.hop_for(raw.origin.topic, raw.value()) {
            Ok(Some(_)) if faults::refuses(|| [raw.key(), raw.header("ce_id")]) => {
                Route::Refused(Fault::poison("injected", "a test wants this record refused"))
            }
            Ok(Some(hop)) => Route::Hop(hop),
            Ok(None) => Route::Skip,
            Err(fault) => Route::Refused(fault),
        }
    }

    /// Which hop is for a record of this topic, by its schema; one that takes whatever is there comes first.
    fn hop_for(&self, topic: Topic, value: &[u8]) -> Result<Option<usize>, Fault> {
        let routes: &HashMap<(Topic, &str), usize> = &self.routes;
        if let Some(hop) = routes.get(&(topic, RecordType::ANY)) {
            return Ok(Some(*hop));
        }
        let known = self.identify(value)?;
        let elsewhere = || {
            let message = format!("{} does not belong on {topic}", known.full_name);
            Fault::poison("unexpected_record", message)
        };
        let name = known.name_on(topic.name()).ok_or_else(elsewhere)?;
        Ok(routes.get(&(topic, name)).copied())
    }

    /// The record's schema; an id that is new costs one question to the registry.
    fn identify(&self, value: &[u8]) -> Result<Arc<Known>, Fault> {
        match self.codec.identify(value) {
            Ok((_, known)) => Ok(known),
            Err(fault) if fault.code() != "unknown_schema" => Err(fault),
            Err(_) => {
                self.handle.block_on(self.late_comers.learn(&self.codec, schema_id(value)?))?;
                Ok(self.codec.identify(value)?.1)
            }
        }
    }
}

/// What has become of a record that was to be handled again: a label of [`metrics::REDRIVES`].
fn outcome(item: &Item<'_>) -> &'static str {
    match (item.standing, &item.answer) {
        (Standing::Done, _) => "done_before",
        (Standing::Behind, _) => "waits",
        (_, Some(Ok(_))) if item.raw.is_discarded() => "discarded",
        (_, Some(Ok(_))) => "answered",
        (_, Some(Err(_)) | None) => "given_up",
    }
}

impl Settled {
    /// Publishes nothing of a partition from this record on.
    pub fn hold(&mut self, place: &Origin) {
        let first = self.holds.entry((place.topic, place.partition)).or_insert(place.offset);
        *first = (*first).min(place.offset);
    }

    /// Whether a record stands at or behind one that holds its partition.
    pub fn is_held(&self, raw: &Raw) -> bool {
        let hold = self.holds.get(&(raw.place.topic, raw.place.partition));
        hold.is_some_and(|offset| raw.place.offset >= *offset)
    }
}
