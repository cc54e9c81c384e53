//! What inventory decides, without I/O. The Lua scripts of [`crate::Stock`] take the same decisions where they
//! contend, inside Redis; a property test holds the two to each other.

use std::collections::BTreeMap;

pub use levels::levels;
use orderflow::{
    events::{
        InventoryReleased, InventoryReserved, InventoryShipped, InventoryShortage, Order, ShortLine,
        StockAdjusted, StockAdjustmentRefused, StockAdjustmentRequested,
    },
    fault::Fault,
};

mod levels;

/// Most units of a SKU on the shelf: 2^53 - 1, the last whole number that Lua and JSON count exactly.
pub const MOST_UNITS: i64 = (1 << 53) - 1;

orderflow::events! {
    /// Everything inventory says: the records of `inventory` and `inventory.levels`.
    pub enum Fact {
        InventoryReserved, InventoryShortage, InventoryReleased, InventoryShipped, StockAdjusted,
        StockAdjustmentRefused,
    }
}

/// Units of one SKU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// On the shelf, reserved ones included.
    pub on_hand: i64,
    /// Set aside for orders.
    pub reserved: i64,
}

impl Level {
    /// Free for the next order.
    #[must_use]
    pub fn available(self) -> i64 {
        self.on_hand - self.reserved
    }

    /// The invariant: nothing negative, nothing oversold, nothing too large to count.
    #[must_use]
    pub fn is_sound(self) -> bool {
        0 <= self.reserved && self.reserved <= self.on_hand && self.on_hand <= MOST_UNITS
    }
}

/// Units of one SKU that an order wants, over all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The SKU.
    pub sku: String,
    /// Units, at least 1.
    pub units: i64,
}

/// What an order wants, one entry a SKU: two lines of one SKU compete for the same units.
///
/// # Errors
/// `Poison` (`invalid_order_lines`): no lines, or a line of less than one unit.
pub fn wanted(order: &Order) -> Result<Vec<Wanted>, Fault> {
    let invalid = |what: &str| {
        Fault::poison(
            "invalid_order_lines",
            format!("order {} has {what}: nothing to reserve", order.order_id),
        )
    };
    if order.lines.is_empty() {
        return Err(invalid("no lines"));
    }
    let mut units = BTreeMap::<&str, i64>::new();
    for line in &order.lines {
        if line.quantity < 1 {
            return Err(invalid("a line of less than one unit"));
        }
        *units.entry(&line.sku).or_default() += i64::from(line.quantity);
    }
    Ok(units.into_iter().map(|(sku, units)| Wanted { sku: sku.to_owned(), units }).collect())
}

/// All lines or none. The twin of `reserve.lua`.
///
/// # Errors
/// The SKUs that are short.
pub fn reserve(wanted: &[Wanted], level: impl Fn(&str) -> Level) -> Result<(), Vec<ShortLine>> {
    let short: Vec<_> = wanted
        .iter()
        .map(|Wanted { sku, units }| (sku, *units, level(sku).available()))
        .filter(|(_, units, available)| available < units)
        .map(|(sku, units, available)| short_line(sku.clone(), units, available))
        .collect();
    if short.is_empty() { Ok(()) } else { Err(short) }
}

/// A short SKU as it is told. Lines of one SKU may sum to more than the record holds; it then holds the most it can.
#[must_use]
pub fn short_line(sku: String, units: i64, available: i64) -> ShortLine {
    ShortLine { sku, requested: i32::try_from(units).unwrap_or(i32::MAX), available }
}

/// How a reservation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// What was set aside is free again.
    Released,
    /// It has left the shelf.
    Shipped,
}

/// The level of a SKU once `units` of it that were set aside are released or shipped. The twin of `settle.lua`.
#[must_use]
pub fn settle(level: Level, units: i64, ending: Ending) -> Level {
    let gone = if ending == Ending::Shipped { units } else { 0 };
    Level { on_hand: level.on_hand - gone, reserved: level.reserved - units }
}

/// Whether an adjustment can be understood at all.
///
/// # Errors
/// `Poison` (`invalid_stock_adjustment`): no SKU, no units, an unknown kind, a receipt that takes away.
pub fn check(request: &StockAdjustmentRequested) -> Result<(), Fault> {
    let problem = match request.kind.as_str() {
        _ if request.sku.is_empty() => "it names no SKU",
        _ if request.delta == 0 => "its delta is 0",
        "receipt" if request.delta < 0 => "a receipt cannot take units away; that is a correction",
        "receipt" | "correction" => return Ok(()),
        _ => "its kind is neither `receipt` nor `correction`",
    };
    let message = format!("a stock adjustment of `{}` cannot be applied: {problem}", request.sku);
    Err(Fault::poison("invalid_stock_adjustment", message))
}

/// Why an adjustment was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Less would be left than is set aside for orders.
    BelowReserved,
    /// More than [`MOST_UNITS`].
    Overflow,
}

impl Refusal {
    /// The reason in the event.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BelowReserved => "below_reserved",
            Self::Overflow => "overflow",
        }
    }
}

/// Applies an adjustment, or refuses it. The twin of `adjust.lua`.
///
/// # Errors
/// Why it is refused; nothing has changed then.
pub fn adjust(level: Level, delta: i64) -> Result<Level, Refusal> {
    let on_hand = level.on_hand.saturating_add(delta);
    if on_hand > MOST_UNITS {
        Err(Refusal::Overflow)
    } else if on_hand < level.reserved {
        Err(Refusal::BelowReserved)
    } else {
        Ok(Level { on_hand, ..level })
    }
}

#[cfg(test)]
mod tests;
