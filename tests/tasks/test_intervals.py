"""A law over all tasks: an interval is that of the figure of the report, and of its units, drawn one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

import anaphora
from anaphora.runs.content import Result
from anaphora.runs.sample import Sample
from program import Run
from small_tasks import CASES, config

UNITS = {"classify": "row", "tag": "sentence", "translate": "pair", "language": "block", "fill": "block"}
ROUNDED = {"nats": 1e-12, "BLEU": 1e-12, "chrF": 1e-12}  # sums and logarithms in another order; the others are counts


class Scored(NamedTuple):
    """One task with the scores of its held-out part and of its test part, and the samples of their baselines."""

    task: str
    model: Any
    data: list[str]
    file: Path
    parts: list[tuple[tuple[Result, ...], Sample, Sample]]


@pytest.fixture(scope="module", params=CASES)
def scored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    task, folder = request.param, tmp_path_factory.mktemp("intervals")
    data, valid, test = (
        [Path(p) for p in CASES[task].write(folder, n, seed)] for n, seed in ((60, 1), (40, 2), (50, 3))
    )
    options = ["--valid", ",".join(map(str, valid)), "--test", ",".join(map(str, test))]
    file = folder / "m.anaphora"
    model = anaphora.train(task, data, config=config(task, *options), output=file)
    report = model.report
    parts = [
        (each.results, each.score.sample, getattr(each.score, "rival", None) or _rival(each.baseline))
        for each in (report, report.test)
    ]
    return Scored(task, model, list(map(str, valid)), file, parts)


def _rival(baseline: Any) -> Sample:
    return baseline.methods[0].sample if hasattr(baseline, "methods") else baseline.sample


def test_the_figures_of_all_units_are_those_of_the_report(scored: Scored) -> None:
    for results, own, rival in scored.parts:
        assert own.unit == UNITS[scored.task]
        judged = [each for each in results if each.name in own.figures]
        assert judged[0] == results[0]
        for each in judged:
            rounded = ROUNDED.get(each.name, 0.0)
            assert own.value(each.name) == pytest.approx(each.value, rel=rounded, abs=0)
            assert rival.value(each.name) == pytest.approx(each.baseline, rel=rounded, abs=0)


def test_intervals_are_those_of_units_drawn_one_by_one(scored: Scored) -> None:
    results, own, rival = scored.parts[0]
    n = len(own)
    assert n > 5
    tail = stats.norm.cdf(stats.t.ppf(0.025, n - 1) * np.sqrt(n / (n - 1)))
    draws = np.random.default_rng(0).multinomial(n, [1 / n] * n, 1000)
    deciding = results[0]
    measure, simple = own.figures[deciding.name].measure, rival.figures[deciding.name].measure
    alone, apart = [], []
    for drawn in draws:
        chosen = [unit for unit in range(n) for _ in range(drawn[unit])]
        [figure] = measure(own.statistics[chosen].sum(axis=0, dtype=np.float64)[None])
        [other] = simple(rival.statistics[chosen].sum(axis=0, dtype=np.float64)[None])
        alone.append(figure)
        apart.append(figure - other)
    made_up = own.prior is not None  # rows that are drawn beside the real ones: tested in the folder of the task
    if not made_up and deciding.value not in (0.0, own.figures[deciding.name].top):
        assert deciding.interval == pytest.approx(np.quantile(alone, [tail, 1 - tail]), abs=1e-3)
    assert deciding.difference == pytest.approx(np.quantile(apart, [tail, 1 - tail]), abs=1e-3)


def test_report_card_json_and_eval_have_the_interval(scored: Scored, program: Run, tmp_path: Path) -> None:
    """BLEU of two outputs without a right 4-gram is 0 in every draw, and has no interval; chrF has one."""
    [deciding, *_] = scored.parts[0][0]
    spread = next(result for result in scored.parts[0][0] if result.interval is not None)
    ends = list(spread.interval)
    said = f"{spread.interval.low:.3g} to {spread.interval.high:.3g}"
    lines = scored.model.report.lines()
    assert any("95 % intervals over" in line and said in line for line in lines)
    assert scored.model.card["intervals"][spread.called] == ends
    assert scored.model.card["verdict"] == deciding.verdict
    [tested, *_] = scored.parts[1][0]
    of_test = {result.called: list(result.interval) for result in scored.parts[1][0] if result.interval is not None}
    assert scored.model.card["test"]["intervals"] == of_test
    for begins, interval in (("test: ", tested.interval), ("note: On the test part, the ", tested.difference)):
        [line] = [line for line in lines if line.startswith(begins)]
        said = None if interval is None else f"(95 % interval {interval.low:.3g} to {interval.high:.3g})"
        assert ("95 % interval" not in line) if said is None else (said in line)
    found = json.loads(program(tmp_path, "eval", str(scored.file), *scored.data, "--json").stdout)
    assert found["intervals"][spread.name] == pytest.approx(ends, rel=1e-9)
    if scored.task in ("tag", "language", "fill"):  # the file has the baseline's statistics of this part
        assert found["verdict"] == deciding.verdict
        assert scored.model.evaluate([Path(path) for path in scored.data]).judged()[0] == deciding
