"""Trains a scikit-learn model on rows of features and a label (32-bit floats): train.py TABLE MODEL."""

import sys

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

FEATURES = 43


def main(table: str, model: str) -> None:
    rows = np.fromfile(table, dtype="<f4").reshape(-1, FEATURES + 1)
    trees = HistGradientBoostingClassifier(max_iter=208, max_depth=6, early_stopping=False, random_state=1)
    joblib.dump(trees.fit(rows[:, :-1], rows[:, -1]), model)


if __name__ == "__main__":
    main(*sys.argv[1:])
