//! Windows as Redis holds them: which ones a batch belongs to, what it adds to each, and what they held before.

use std::collections::HashMap;

use orderflow::{fault::Fault, state::Args};

use super::{Kind, LATE, SECOND, Seen, Windows};
use crate::sighting::{Fingerprint, Mark, Sighting};

/// The windows of a batch, of each kind by when the batch first names them.
pub(crate) struct Touched([Vec<Given>; Kind::ALL.len()]);

/// A window, and what is given to it.
pub(crate) struct Given {
    /// What its orders have in common.
    pub kind: Kind,
    /// Names it.
    pub name: Fingerprint,
    /// Entries, one behind the other.
    entries: Vec<u8>,
    /// For how long it is kept then, in seconds.
    life: i64,
}

impl Touched {
    /// Those of these orders, each with the seconds since it was decided: none in live work. In a rebuild a window ends
    /// when it would have ended without.
    pub fn by<'o>(orders: impl Iterator<Item = (&'o Sighting, i64)> + Clone) -> Self {
        Self(Kind::ALL.map(|kind| {
            let (mut windows, mut places) = (Vec::new(), HashMap::new());
            for (order, age) in orders.clone() {
                let life = (kind.bounds().span + 2 * LATE) / SECOND - age;
                let Some(name) = kind.of(order).filter(|_| life > 0) else { continue };
                let place = *places.entry(name).or_insert_with(|| {
                    windows.push(Given { kind, name, entries: Vec::new(), life });
                    windows.len() - 1
                });
                windows[place].life = windows[place].life.max(life);
                Seen::of(order).write(kind, &mut windows[place].entries);
            }
            windows
        }))
    }

    /// Appends them to a script's arguments, in the sequence in which `windows.lua` reads them.
    pub fn push_to(&self, args: &mut Args) {
        args.push(self.0.len());
        for (kind, windows) in Kind::ALL.into_iter().zip(&self.0) {
            let bounds = kind.bounds();
            args.push(kind.name()).push(kind.width()).push(bounds.cap).push(bounds.span + LATE);
            args.push(windows.len());
            for window in windows {
                args.push(window.name.key());
            }
            for window in windows {
                args.push(&window.entries).push(window.life);
            }
        }
    }

    /// All of them, in the sequence in which scripts answer.
    pub fn all(&self) -> impl Iterator<Item = &Given> {
        self.0.iter().flatten()
    }

    /// What they held before, as Redis says.
    ///
    /// # Errors
    /// `Fatal` when that is of another shape than this version's.
    pub fn held(&self, held: &[Option<Vec<u8>>]) -> Result<Windows, Fault> {
        let mut windows = Windows::default();
        let mut texts = held.iter();
        for Given { kind, name, .. } in self.all() {
            let text = texts.next().ok_or_else(unreadable)?.as_deref().unwrap_or_default();
            let entries = text.chunks(kind.width()).map(|entry| Seen::read(*kind, entry));
            let seen: Option<Vec<Seen>> = entries.collect();
            windows.by_key.insert((*kind, *name), seen.ok_or_else(unreadable)?);
        }
        Ok(windows)
    }
}

impl Kind {
    /// How many bytes an entry has.
    fn width(self) -> usize {
        if self == Self::Customer { 42 } else { 30 }
    }
}

impl Seen {
    /// Appends its entry: time (8 bytes), order (6), amount (8), then marks of 4; all big-endian.
    fn write(&self, kind: Kind, to: &mut Vec<u8>) {
        to.extend(self.placed.to_be_bytes());
        to.extend(&self.order.to_be_bytes()[2..]);
        to.extend(self.amount.to_be_bytes());
        let mut marks = |marks: &[Mark]| marks.iter().for_each(|mark| to.extend(mark.to_be_bytes()));
        match kind {
            Kind::Customer => {
                let device = self.device.unwrap_or_default();
                marks(&[self.currency, self.card, device, self.address, self.country]);
            }
            _ => marks(&[self.customer, self.card]),
        }
    }

    /// Reads what [`Self::write`] wrote.
    fn read(kind: Kind, entry: &[u8]) -> Option<Self> {
        let (placed, rest) = entry.split_first_chunk()?;
        let ([a, b, c, d, e, f], rest) = rest.split_first_chunk()?;
        let (amount, marks) = rest.split_first_chunk()?;
        let mut marks = marks.chunks_exact(4).map(|mark| mark.try_into().map_or(0, Mark::from_be_bytes));
        let mut mark = || marks.next();
        let seen = Self {
            placed: i64::from_be_bytes(*placed),
            order: u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]),
            amount: i64::from_be_bytes(*amount),
            ..Self::default()
        };
        Some(match kind {
            Kind::Customer => Self {
                currency: mark()?,
                card: mark()?,
                device: Some(mark()?).filter(|mark| *mark > 0),
                address: mark()?,
                country: mark()?,
                ..seen
            },
            _ => Self { customer: mark()?, card: mark()?, ..seen },
        })
    }
}

fn unreadable() -> Fault {
    Fault::fatal("stored_history_unreadable", "a window is not of this version's shape")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back() {
        let seen = Seen {
            placed: -5,
            order: 0xffff_0000_0001,
            amount: i64::MAX,
            customer: 1,
            currency: 2,
            card: u32::MAX,
            device: None,
            address: 3,
            country: 4,
        };
        for kind in Kind::ALL {
            for device in [None, Some(7)] {
                let (seen, mut written) = (Seen { device, ..seen }, Vec::new());
                seen.write(kind, &mut written);
                assert_eq!(written.len(), kind.width());
                let read = Seen::read(kind, &written).unwrap();
                assert_eq!(
                    (read.placed, read.order, read.amount, read.card),
                    (-5, seen.order, i64::MAX, seen.card)
                );
                match kind {
                    Kind::Customer => assert_eq!(
                        (read.currency, read.device, read.address, read.country),
                        (2, device, 3, 4)
                    ),
                    _ => assert_eq!(read.customer, 1),
                }
                assert!(Seen::read(kind, &written[1..]).is_none());
            }
        }
    }
}
