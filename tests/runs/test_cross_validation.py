"""The figures of folds are paired by name: folds whose results have another order give the same means."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from anaphora.runs.content import Result
from anaphora.runs.cross_validation import CrossValidation, Fold

NAMES = ("BLEU", "chrF", "exact")
VALUES = np.random.default_rng(5).uniform(0, 1, (4, 2, 3))  # fold, network or baseline, metric


def found(orders: list[tuple[int, ...]]) -> CrossValidation:
    folds = []
    for (own, other), order in zip(VALUES.tolist(), orders, strict=True):
        results = tuple(Result(NAMES[at], "", own[at], other[at], "a copy", lower_is_better=False) for at in order)
        folds.append(Fold(results, 10, "pair", 6, 1.0))
    return CrossValidation(tuple(folds))


def test_folds_of_another_order_are_paired_by_name() -> None:
    orders = list(permutations(range(3)))[2:]
    mixed, last = found(orders), found([(2, 0, 1)] * 4)
    final = last.each[0].results
    ordered = mixed.in_order(final)
    assert (ordered, ordered.section(), ordered.line()) == (last, last.section(), last.line())
    for made in (mixed.card(), ordered.card()):
        for at, name in enumerate(NAMES):
            assert made[name]["each"] == VALUES[:, 0, at].tolist()
            assert made[name]["mean"] == pytest.approx(VALUES[:, 0, at].mean())
            assert made[name]["deviation"] == pytest.approx(VALUES[:, 0, at].std())
            assert made[name]["baseline"] == pytest.approx(VALUES[:, 1, at].mean())
    assert list(ordered.card())[2:] == ["exact", "BLEU", "chrF"]
    assert mixed.card()["BLEU"] == last.card()["BLEU"]


def test_a_figure_that_a_fold_lacks_has_no_mean() -> None:
    whole = found([(0, 1, 2)] * 4)
    short = Fold(whole.each[1].results[:2], 10, "pair", 6, 1.0)
    lacking = CrossValidation((whole.each[0], short, *whole.each[2:]))
    assert list(lacking.card())[2:] == ["BLEU", "chrF"]
    assert "exact" not in str(lacking.section())
