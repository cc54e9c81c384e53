"""The trees: LightGBM, not deeper than six, so that an explanation of a score takes a quarter of a millisecond."""

import lightgbm as lgb
import numpy as np

from .progress import say

ROUNDS = 400
"""At most so many trees."""
PATIENCE = 40
"""Trees in a row that do not help before it stops."""
PARAMETERS = {
    "objective": "binary",
    "metric": "average_precision",
    "max_depth": 6,
    "num_leaves": 32,
    "learning_rate": 0.08,
    "min_data_in_leaf": 60,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.7,
    "lambda_l2": 2.0,
    # The same trees from the same seed, whatever else the machine does.
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


def fit(
    x: np.ndarray, y: np.ndarray, x_validation: np.ndarray, y_validation: np.ndarray, seed: int
) -> lgb.Booster:
    """Trains on the first pair; stops where the second gets no better. Returns the best trees only."""

    def count(environment: object) -> None:
        if (environment.iteration + 1) % 50 == 0:
            say(f"  {environment.iteration + 1} trees")

    data = lgb.Dataset(x, y.astype(np.int32), free_raw_data=False)
    validation = lgb.Dataset(x_validation, y_validation.astype(np.int32), reference=data)
    booster = lgb.train(
        PARAMETERS | {"seed": seed},
        data,
        num_boost_round=ROUNDS,
        valid_sets=[validation],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False), count],
    )
    best = booster.best_iteration or booster.current_iteration()
    return lgb.Booster(model_str=booster.model_to_string(num_iteration=best))


def fit_rounds(x: np.ndarray, y: np.ndarray, rounds: int, seed: int) -> lgb.Booster:
    """Trains so many trees, and does not look where to stop."""
    data = lgb.Dataset(x, y.astype(np.int32), free_raw_data=False)
    return lgb.train(PARAMETERS | {"seed": seed}, data, num_boost_round=rounds)


def margins(booster: lgb.Booster, x: np.ndarray) -> np.ndarray:
    """The sum of the leaves: log odds before calibration."""
    return booster.predict(x, raw_score=True, num_threads=PARAMETERS["num_threads"])
