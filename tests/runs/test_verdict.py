"""A verdict comes from the deciding metric and its interval; a tie is level, and the other metrics are named."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pytest

from anaphora.metrics.bootstrap import Interval
from anaphora.runs.content import Result
from anaphora.runs.sample import Figure, Sample, plain
from anaphora.runs.verdict import notes, sentence, with_intervals


def sample(right: list[float]) -> Sample:
    units = np.stack([np.ones(len(right)), np.array(right)], axis=1)
    return Sample(units, {"accuracy": Figure(lambda sums: sums[:, 1] / sums[:, 0])})


def accuracy(own: list[float], rival: list[float]) -> Result:
    value, baseline = float(np.mean(own)), float(np.mean(rival))
    result = Result("accuracy", "", value, baseline, "the n-gram model", lower_is_better=False)
    (found,) = with_intervals([result], sample(own), sample(rival))
    return found


def test_a_tie_is_level() -> None:
    found = accuracy([1, 0] * 50, [0, 1] * 50)
    assert (found.value, found.baseline, found.verdict) == (0.5, 0.5, "level")
    said = (
        "The network is level with the n-gram model: accuracy 0.5000 against 0.5000, difference 0.0000 (95 % interval -"
    )
    assert sentence([found]).startswith(f"{said}0.")


def test_bleu_0_is_level_with_0_whatever_chrf_is() -> None:
    bleu = Result("BLEU", "", 0.0, 0.0, "a copy of the source", lower_is_better=False)
    chrf = Result("chrF", "", 12.0, 0.0, "a copy of the source", lower_is_better=False)
    assert bleu.verdict == "level"
    said = "The network is level with a copy of the source: BLEU 0.0000 against 0.0000; chrF 12.0000 against 0.0000."
    assert sentence([bleu, chrf]) == said
    assert notes([bleu, chrf], "Train longer.") == [said.replace("The", "On the held-out part, the", 1)]


@pytest.mark.parametrize(
    ("own", "rival", "verdict"),
    [
        ([1] * 80 + [0] * 20, [1] * 50 + [0] * 50, "better"),
        ([1] * 50 + [0] * 50, [1] * 80 + [0] * 20, "worse"),
        ([1, 0] * 30 + [1] * 3, [0, 1] * 30 + [0] * 3, "level"),
    ],
)
def test_a_difference_inside_its_interval_is_level(own: list[float], rival: list[float], verdict: str) -> None:
    found = accuracy(own, rival)
    assert found.verdict == verdict
    assert found.difference is not None
    assert (found.difference.low > 0 or found.difference.high < 0) == (verdict != "level")


def test_the_pairs_decide_not_the_two_intervals() -> None:
    """Both intervals overlap, and yet the network is better on the same rows."""
    found = accuracy([1] * 60 + [0] * 40, [1] * 48 + [0] * 52)
    assert found.interval is not None
    assert found.interval.low < 0.48 + 0.098
    assert found.verdict == "better"


def test_without_units_of_the_baseline_its_figure_decides() -> None:
    result = Result("nats", "word", 2.0, 2.1, "counts", interval=Interval(1.9, 2.2), units=40)
    assert result.verdict == "level"
    assert Result("nats", "word", 2.0, 2.3, "counts", interval=Interval(1.9, 2.2), units=40).verdict == "better"


def test_nan_is_worse_and_unknown_is_no_verdict() -> None:
    assert Result("nats", "word", math.nan, 2.0, "counts", units=3).verdict == "worse"
    assert Result("nats", "word", math.inf, 2.0, "counts", units=3).verdict == "worse"
    assert Result("nats", "word", None, 2.0, "counts").verdict is None
    assert sentence([Result("nats", "word", None, 2.0, "counts")]) == ""
    assert [Result("a", "", 2.0, math.nan, "b", lower).verdict for lower in (True, False)] == [None, None]


def test_a_network_that_is_worse_gets_a_remedy() -> None:
    found = accuracy([0] * 30, [1] * 30)
    assert notes([found], "Train longer.")[0].endswith(
        " against 1.0000, difference -1.0000 (95 % interval -1 to -1). Train longer."
    )
    assert found.interval == (0.0, pytest.approx(1 - 0.025 ** (1 / 30)))  # Clopper and Pearson


def test_few_rows_are_level_and_all_right_is_an_interval() -> None:
    one = accuracy([1], [0])
    assert (one.verdict, one.interval) == ("level", None)
    assert [accuracy([1] * n, [0] * n).verdict for n in (5, 6)] == ["level", "better"]
    both = [1] * 48 + [0] * 40
    assert [accuracy([1] * n + both, [0] * n + both).verdict for n in (5, 6)] == ["level", "better"]  # rows that differ
    assert accuracy([1] * 20, [1] * 20).interval == (pytest.approx(0.025 ** (1 / 20)), 1.0)


def test_a_figure_that_is_no_share_has_no_interval_without_spread() -> None:
    units = np.stack([np.ones(15), np.zeros(15)], axis=1)
    measures = {"BLEU": Figure(lambda sums: 100 * sums[:, 1], None), "exact": Figure(lambda sums: sums[:, 1])}
    assert Sample(units, measures).intervals == {"exact": (0.0, pytest.approx(1 - 0.025 ** (1 / 15)))}
    third = Sample(np.ones((15, 1)), {"macro F1": Figure(lambda sums: np.full(len(sums), 1 / 3))})
    assert third.intervals == {}


def test_samples_are_no_part_of_json_and_a_result_comes_back() -> None:
    @dataclass(frozen=True)
    class Own:
        value: float
        sample: Sample | None

    assert plain(Own(0.5, sample([1, 0]))) == {"value": 0.5}
    found = accuracy([1, 0, 1, 1, 0, 1, 1], [1, 0, 0, 0, 0, 1, 0])
    assert Result.from_json({**asdict(found), "interval": list(found.interval or ())}) == found


def test_many_equal_units_give_the_same_interval_as_one_by_one() -> None:
    right = np.array([1, 0, 1, 1] * 2000)
    units = np.stack([np.ones(len(right), np.int8), right.astype(np.int8)], axis=1)
    measure = {"accuracy": Figure(lambda sums: sums[:, 1] / sums[:, 0])}
    grouped = Sample(units, measure).intervals["accuracy"]
    deviation = math.sqrt(0.75 * 0.25 / 8000)
    assert grouped == pytest.approx((0.75 - 1.96 * deviation, 0.75 + 1.96 * deviation), abs=0.15 * deviation)
