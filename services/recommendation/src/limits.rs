//! How much is remembered and looked at. The scripts are given these numbers, so they stand once.

use jiff::SignedDuration;

/// So many others are remembered for a product, bought or viewed together with it: once there are half as many more, the
/// lightest go. Since weights grow with time, what is new does not stay below what was once heavy.
pub const NEIGHBOURS: usize = 40;
/// Most lines of an order that are learnt as bought together: the first ones. Larger baskets are whole stock lists.
pub const BASKET: usize = 50;
/// Most products remembered as a customer's own; the oldest go.
pub const OWNED: usize = 200;
/// Most products remembered as viewed by a customer; the oldest go.
pub const RECENT: usize = 20;
/// Most earlier products that a view is learnt to go with.
pub const VIEWED_WITH: usize = 5;
/// A visit: within it, a product viewed again is not learnt again, and what was viewed goes together.
pub const VISIT: SignedDuration = SignedDuration::from_mins(30);
/// Most clues of a context.
pub const CLUES: usize = 30;
/// Most of these from the cart: what was put there last.
pub const FROM_CART: usize = 10;
/// Most of these from views.
pub const FROM_VIEWS: usize = 5;
/// How many popular products are looked at to fill up a list.
pub const POPULAR: usize = 250;
/// Most products in one list.
pub const ITEMS: usize = 50;
