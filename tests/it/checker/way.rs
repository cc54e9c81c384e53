//! The ways of orders.

pub const FULFILLED: [&str; 7] = [
    "OrderValidatedForFraud",
    "InventoryReserved",
    "PaymentProcessed",
    "ShippingLabelGenerated",
    "InventoryShipped",
    "LabelDocumentStored",
    "PickupScheduled",
];
pub const DECLINED: [&str; 4] =
    ["OrderValidatedForFraud", "InventoryReserved", "PaymentFailed declined", "InventoryReleased"];
pub const SHORT: [&str; 2] = ["OrderValidatedForFraud", "InventoryShortage"];
pub const FRAUD: [&str; 1] = ["OrderFraudDetected"];
pub const HELD_AND_CANCELLED: [&str; 3] =
    ["OrderHeldForReview", "OrderCancelRequested", "OrderReviewCancelled"];
pub const HELD_AND_APPROVED: [&str; 9] = [
    "OrderHeldForReview",
    "ReviewDecided",
    "OrderValidatedForFraud",
    "InventoryReserved",
    "PaymentProcessed",
    "ShippingLabelGenerated",
    "InventoryShipped",
    "LabelDocumentStored",
    "PickupScheduled",
];
pub const CANCELLED_UNPAID: [&str; 5] = [
    "OrderCancelRequested",
    "OrderValidatedForFraud",
    "InventoryReserved",
    "PaymentFailed cancelled",
    "InventoryReleased",
];
pub const CANCELLED_PAID: [&str; 7] = [
    "OrderValidatedForFraud",
    "InventoryReserved",
    "PaymentProcessed",
    "OrderCancelRequested",
    "ShippingCancelled",
    "PaymentRefunded cancelled",
    "InventoryReleased",
];
pub const UNDELIVERABLE: [&str; 6] = [
    "OrderValidatedForFraud",
    "InventoryReserved",
    "PaymentProcessed",
    "ShippingFailed",
    "PaymentRefunded shipping_failed",
    "InventoryReleased",
];
pub const PAID: [&str; 3] = ["OrderValidatedForFraud", "InventoryReserved", "PaymentProcessed"];
pub const HELD: [&str; 1] = ["OrderHeldForReview"];
pub const ASKED: [&str; 3] = ["OrderValidatedForFraud", "InventoryReserved", "PaymentActionRequired"];
