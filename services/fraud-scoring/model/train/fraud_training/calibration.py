"""From a margin to a probability of fraud, although some of the fraud is not known yet, and some never will be.

The probability is a logistic function of the margin (Platt, Probabilistic Outputs for Support Vector Machines, 1999). What
is known of an order is fraud with that probability times the share of the fraud that is known (Elkan, Noto, Learning
Classifiers from Only Positive and Unlabeled Data, 2008). All three numbers are fitted together; the share is then left out.
"""

import dataclasses

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

LEAST_KNOWN, MOST_KNOWN = 0.8, 0.97
"""A share of known fraud below this would be a fit to chance; and some is never reported."""


@dataclasses.dataclass(frozen=True)
class Calibration:
    """The probability is the logistic function of `scale * margin + shift`."""

    scale: float
    shift: float
    known: float
    """Share of the fraud that was known; no part of the model."""

    def scores(self, margins: np.ndarray) -> np.ndarray:
        """Probabilities of fraud."""
        return expit(self.scale * margins + self.shift)


def calibrate(margins: np.ndarray, known: np.ndarray) -> Calibration:
    """The likeliest numbers for what is known of orders that did not train the trees."""

    def surprise(numbers: np.ndarray) -> float:
        scale, shift, share = numbers
        odds = np.clip(share * expit(scale * margins + shift), 1e-12, 1 - 1e-12)
        return -float(np.where(known, np.log(odds), np.log1p(-odds)).sum())

    bounds = [(0.05, 20.0), (-20.0, 20.0), (LEAST_KNOWN, MOST_KNOWN)]
    fitted = minimize(surprise, np.array([1.0, 0.0, 0.95]), method="L-BFGS-B", bounds=bounds)
    scale, shift, share = (float(number) for number in fitted.x)
    return Calibration(scale, shift, share)
