"""Where a score refuses an order, and from where on it is held: from what mistakes cost, and from precision."""

import dataclasses

import numpy as np

COSTS = {"fraud_accepted": 3.0, "customer_refused": 17.0, "review": 0.9}
"""What a mistake costs, in the same unit: goods lost to a thief, a good customer sent away for good, a person's time
for a review (which is taken to end rightly)."""
PRECISION = 0.95
"""Of the orders refused, at least this share must be fraud."""
STEP = 0.01
HIGHEST = 0.99


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """A score above `refuse` refuses; any other from `hold` on holds."""

    refuse: float
    hold: float


def break_even() -> Thresholds:
    """Where both choices cost the same, for a score that is a probability."""
    accepted, refused = COSTS["fraud_accepted"], COSTS["customer_refused"]
    return Thresholds(
        refuse=round(refused / (refused + accepted), 2), hold=round(COSTS["review"] / accepted, 2)
    )


def choose(scores: np.ndarray, known: np.ndarray, share: float) -> Thresholds:
    """By cost; then the refusals are raised until they are precise enough, where such a share of the fraud is known."""
    chosen = break_even()
    refuse = chosen.refuse
    while refuse < HIGHEST and precision(scores, known, refuse) < PRECISION * share:
        refuse = round(refuse + STEP, 2)
    return Thresholds(refuse=refuse, hold=chosen.hold)


def precision(scores: np.ndarray, fraud: np.ndarray, threshold: float) -> float:
    """Share of fraud among the scores above a threshold; 1 where there are none."""
    flagged = scores > threshold
    return float(fraud[flagged].mean()) if flagged.any() else 1.0


def cost(scores: np.ndarray, fraud: np.ndarray, chosen: Thresholds) -> float:
    """What the decisions cost for each thousand orders."""
    refused = scores > chosen.refuse
    held = (scores >= chosen.hold) & ~refused
    accepted = ~refused & ~held
    costs = (
        (fraud & accepted).sum() * COSTS["fraud_accepted"]
        + (~fraud & refused).sum() * COSTS["customer_refused"]
        + held.sum() * COSTS["review"]
    )
    return float(costs / len(scores) * 1_000)
