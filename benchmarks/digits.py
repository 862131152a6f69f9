"""Cross-validate a GRU that reads scikit-learn's digits row by row, beside a logistic regression on the same folds.

    python benchmarks/digits.py [--epochs E] [--folds K] [--seed S]

Each picture is a series of 8 steps with 8 numbers. The regression sees the 64 numbers at once, standardised on the
training part of each fold. Prints the accuracy on each fold, and the means.
"""

from __future__ import annotations

import argparse
from typing import Any

from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from anaphora import SequenceClassifier


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=float, default=60.0, help="passes over the data (default 60)")
    parser.add_argument("--folds", type=int, default=5, help="(default 5)")
    parser.add_argument("--seed", type=int, default=0, help="of folds and weights (default 0)")
    asked = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    folds = StratifiedKFold(asked.folds, shuffle=True, random_state=asked.seed)
    network = SequenceClassifier(pooling="last", output_dropout=0.2, epochs=asked.epochs, random_state=asked.seed)
    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    tell("GRU, row by row", cross_val_score(network, X.reshape(-1, 8, 8), y, cv=folds))
    tell("logistic regression", cross_val_score(regression, X, y, cv=folds))


def tell(name: str, scores: Any) -> None:
    print(f"{name:<20} {scores.mean():.4f}   {'  '.join(f'{score:.4f}' for score in scores)}")


if __name__ == "__main__":
    main()
