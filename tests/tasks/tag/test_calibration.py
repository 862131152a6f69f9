"""A tagger's temperatures against a search over each sentence's own probability."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from anaphora.data.files.conll import read_sentences
from anaphora.runs.report import Report
from anaphora.tasks.tag.calibration import fit_temperatures
from anaphora.tasks.tag.encoding import Part
from anaphora.tasks.tag.predict import Tagger
from anaphora.tasks.tag.truth import truth


def nats(tagger: Tagger, part: Part, row: int, temperature: float) -> float:
    """−ln p of the tags of one sentence alone."""
    own = part.take([row])
    ((rows, scores, lengths),) = tagger.scores(own)
    return -float(tagger.at(temperature).log_probabilities(scores, lengths, own.targets(rows))[0])


def searched(tagger: Tagger, part: Part, rows: list[int]) -> float:
    """The temperature with the fewest nats and the penalty that `metrics.scaling` describes."""

    def loss(log_t: float) -> float:
        w = np.exp(-log_t)
        return sum(nats(tagger, part, row, np.exp(log_t)) for row in rows if row != 10) + 4 * (w - 1 - np.log(w))

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), options={"xatol": 1e-7}).x))


@pytest.fixture(scope="module")
def part(tagger: Tagger, folder: Path, report: Report) -> Part:
    """Twelve sentences: two have a wrong tag, one has an impossible tag, and one a tag that training never had."""
    sentences = read_sentences(str(folder / "valid.conll"), tagger.config.data)
    some = tagger.reader.labelled(sentences).take([3, 7, 8, 12, 15, 20, 21, 22, 30, 41, 50, 51])
    for row, possible in ((1, True), (4, True), (10, False)):
        last = some.words.ends[row] - 1
        right = some.tags[last]
        for other in range(len(tagger.reader.tags)):
            some.tags[last] = other
            if other != right and np.isfinite(nats(tagger, some, row, 1.0)) == possible:
                break
        else:
            raise AssertionError(row)
    some.tags[some.words.ends[9] - 1] = -1
    return some


def test_each_sentence_has_the_temperature_of_the_other_folds(tagger: Tagger, part: Part) -> None:
    found = fit_temperatures(tagger, part)
    known = [row for row in range(12) if row != 9]
    assert found.whole == pytest.approx(searched(tagger, part, known), rel=2e-3)
    assert found.cross_fitted[9] == found.whole
    folds: dict[float, list[int]] = {}
    for row in known:
        folds.setdefault(found.cross_fitted[row], []).append(row)
    assert sorted(map(len, folds.values())) == [2, 2, 2, 2, 3]
    for temperature, own in folds.items():
        other = [row for row in known if row not in own]
        assert temperature == pytest.approx(searched(tagger, part, other), rel=2e-3)


def test_sentences_without_known_tags_have_temperature_1(tagger: Tagger, part: Part) -> None:
    assert fit_temperatures(tagger, part.take([9])).whole == 1.0
    assert fit_temperatures(tagger, part.take([])).cross_fitted.shape == (0,)


def test_few_sentences_that_are_all_right_keep_a_sane_temperature(tagger: Tagger, part: Part) -> None:
    right = part.take([0, 2, 3, 5, 6])
    assert 0.5 < fit_temperatures(tagger, right).whole <= 1.0


def test_the_report_is_cross_fitted_and_eval_is_not(tagger: Tagger, folder: Path, report: Report) -> None:
    sentences = read_sentences(str(folder / "valid.conll"), tagger.config.data)
    true = truth(sentences, tagger.reader.marking, tagger.config.data.normalize)
    labelled = tagger.reader.labelled(sentences)
    temperatures = fit_temperatures(tagger, labelled)
    assert temperatures.whole == tagger.temperature
    assert tagger.scored(true, labelled, temperatures.cross_fitted) == report.score
    each = [
        nats(tagger, labelled, row, temperature) for row, temperature in enumerate(temperatures.cross_fitted.tolist())
    ]
    at_one = [nats(tagger, labelled, row, 1.0) for row in range(len(each))]
    assert report.score is not None
    assert report.score.nats_per_word == pytest.approx(sum(each) / sentences.words)
    assert report.score.uncalibrated_nats == pytest.approx(sum(at_one) / sentences.words)
    plain = tagger.judged(sentences)
    assert plain.uncalibrated_nats == report.score.uncalibrated_nats
    ((trained,), (later,)) = (
        [line for line in score.lines() if "nats per word" in line] for score in (report.score, plain)
    )
    assert trained == (
        f"  {report.score.nats_per_word:.4f} nats per word at temperature {tagger.temperature:.3g} (cross-fitted: each"
        f" sentence is scored at the temperature of the other folds), {report.score.uncalibrated_nats:.4f} before, at 1"
    )
    assert "cross-fitted" not in later


def test_one_sentence_alone_is_scored_at_temperature_1(tagger: Tagger, part: Part) -> None:
    found = fit_temperatures(tagger, part.take([1]))
    assert found.cross_fitted.tolist() == [1.0]
    assert found.whole == pytest.approx(searched(tagger, part, [1]), rel=2e-3)
