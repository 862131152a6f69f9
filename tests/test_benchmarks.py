"""The programs that print the figures: each runs in a tiny mode and says what it should. No time is asserted."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import itertools
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import anaphora
import coverage
import layers
import peak
import report
import threads
import variants
from measure import bars, plots, turns
from measure.case import Case, Problem, check
from rivals import torch_nn

BENCHMARKS = Path(layers.__file__).parent
TINY = (5, 33, 3, 4)  # T, B, I, H: ragged from 33 rows on is held against its share


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rest between turns, no repeated calls."""
    monkeypatch.setattr(turns, "REST_S", 0.0)
    monkeypatch.setattr(turns, "TIMED_S", 0.0)
    monkeypatch.setattr(turns, "ROUNDS_AT_LEAST", 2)


@pytest.fixture
def known_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sides take their turns, and are said to have taken 2, 3 and 5 ms."""
    real = turns.in_turn

    def told(sides: Sequence[turns.Side], seconds: float) -> list[list[float]]:
        return [[2.0, 3.0, 5.0][: len(row)] for row in real(sides, seconds)]

    monkeypatch.setattr(turns, "in_turn", told)


def test_turns_alternate_and_warm_up() -> None:
    order: list[str] = []
    sides = [turns.Side(lambda name=name: order.append(name), lambda: order.append("-")) for name in "ab"]  # type: ignore[misc]
    rounds = turns.in_turn(sides, 0.0)
    assert len(rounds) == 2
    assert "".join(order).replace("-", "") == "ab" + 2 * "aabb"  # first calls, then per turn one call without the clock
    assert order.count("-") == 10
    assert turns.ratio_of([[1.0, 2.0], [2.0, 2.0], [1.0, 3.0]], 1, 0) == 2.0
    assert turns.geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)


def row(cell: str, ratio: float, **changes: Any) -> dict[str, Any]:
    usual = {"cell": cell, "mode": "train", "rival": "torch.nn", "ragged": False, "layers": 1, "directions": 1}
    return {**usual, "stacked": False, "ratio": ratio, **changes}


def test_bars_are_held_against_mean_and_worst() -> None:
    rows = [row("gru", 1.1), row("gru", 16.0), row("rnn", 3.0), row("lstm", 2.0), row("lstm", 1.0, rival="XLA")]
    rows.append(row("rnn", 1.0, rival="ours, dense", ragged=True, cost=1.2))
    found = {verdict.bar.what: verdict for verdict in bars.judge(bars.LAYERS, rows)}
    gru = found["GRU training vs torch.nn, one layer"]
    assert (gru.rows, gru.met, gru.worst) == (2, False, rows[0])  # the mean is met, the worst is not
    assert gru.mean == pytest.approx(math.sqrt(1.1 * 16.0))
    assert found["RNN training vs torch.nn, one layer"].met is True
    assert found["training vs XLA, one layer"].met is False
    assert found["ragged time / (token share x dense), B >= 32"].met is False
    assert found["inference vs ONNX Runtime, one layer"].met is None
    text = bars.table(list(found.values()), lambda row: row["cell"])
    assert re.search(
        r"GRU training vs torch.nn, one layer +mean >= 4, each >= 1.2 +2 +4.20 +1.10  missed  \(gru\)", text
    )
    assert "ONNX" not in text


def test_every_bar_asks_something_of_rows_that_the_programs_make() -> None:
    columns = {*Case._fields, "stacked", "rival", "variant", "mode"}
    for bar in [*bars.LAYERS, *bars.PEAK, *bars.variants(variants.NAMES)]:
        assert (bar.mean, bar.least, bar.most) != (None, None, None)
        assert bar.where.keys() <= columns
        assert set(bar.where.get("rival", ())) <= {*layers.RIVALS, "torch.nn packed"}


def asked_of_layers(**changes: Any) -> argparse.Namespace:
    usual: dict[str, Any] = {"quick": False, "cells": ["gru"], "modes": ["train"], "rows": ["dense", "ragged"]}
    return argparse.Namespace(**{**usual, "shapes": None, "layers": None, "directions": None, **changes})


def test_the_plan_has_every_shape_and_what_was_asked_for() -> None:
    cases = layers.plan(asked_of_layers())
    plain = [case for case in cases if case.layers == case.directions == 1]
    assert [case[-4:] for case in plain if not case.ragged] == layers.SHAPES
    assert [case[-4:] for case in plain if case.ragged] == [shape for shape in layers.SHAPES if shape[1] > 1]
    assert {case[3:5] for case in cases if not case.ragged} == {(1, 1), (2, 1), (1, 2), (2, 2)}
    chosen = layers.plan(asked_of_layers(layers=[2], directions=[1, 2], rows=["dense"], shapes=[TINY]))
    assert [case.shape for case in chosen] == ["T5 B33 I3 H4 L2", "T5 B33 I3 H4 L2 D2"]
    assert layers.shape("T784,B64,I1,H128") == (784, 64, 1, 128)
    with pytest.raises(argparse.ArgumentTypeError, match="T100,B32,H128"):
        layers.shape("H128")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("rival", ["torch.nn", "ours, dense"])
def test_a_row_of_layers(cell: str, rival: str, known_times: None) -> None:
    for mode, stack in (("train", (2, 2)), ("infer", (1, 1))):
        case = Case(cell, mode, True, *stack, *TINY)
        found = layers.measure(case, rival, 0.0)
        assert (found["ours_ms"], found["rival_ms"], found["ratio"]) == (2.0, 3.0, 1.5)
        assert re.match(rf"{cell} +{mode} +T5 B33 I3 H4.* ragged( +\d+\.\d+){{3}}  ", layers.line(found))
        if rival == "ours, dense":
            assert found["share"] == pytest.approx(float(Problem(case).lengths.sum()) / (5 * 33))
            assert found["cost"] == pytest.approx(2 / 3 / found["share"])


def needs(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -c constraints.txt --group bench")


def test_onnx_runtime_through_the_program(tmp_path: Path) -> None:
    needs("onnx")
    needs("onnxruntime")
    options = ["--rivals", "ONNX Runtime", "--shapes", "T4,B3,I2,H5", "--layers", "2", "--directions", "2"]
    command = [sys.executable, str(BENCHMARKS / "layers.py"), *options, "--seconds", "0"]
    ran = subprocess.run([*command, "--json", tmp_path / "rows"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    rows = json.loads((tmp_path / "rows").read_text(encoding="utf-8"))
    cases = [(found["cell"], found["mode"], found["ragged"]) for found in rows]
    assert cases == [(cell, "infer", ragged) for cell in ("rnn", "gru", "lstm") for ragged in (False, True)]
    assert all(found["rival"] == "ONNX Runtime" and found["ratio"] > 0 for found in rows)
    assert "ours ms" in ran.stdout
    assert "verdict" in ran.stdout


XLA = """
from measure.case import Case, Problem, check
from rivals import xla

for cell in ("rnn", "gru", "lstm"):
    problem = Problem(Case(cell, "train", cell != "rnn", 1, 2, 4, 3, 2, 5))
    rival = xla.compiled(problem, 2)
    check(cell, problem.ours.outputs(), rival.outputs())
    print(cell, rival.name, rival.note, *sorted(rival.outputs()))
"""


def test_xla_computes_the_same() -> None:
    needs("jax")  # in a process of its own: jax does not like to be forked
    environment = {**os.environ, "PYTHONPATH": str(BENCHMARKS), "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    command = [sys.executable, "-c", XLA]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = [line.split() for line in ran.stdout.splitlines()]
    assert [words[:4] for words in lines] == [[cell, "XLA", "unroll", "2"] for cell in ("rnn", "gru", "lstm")]
    assert [len(words) - 4 for words in lines] == [2 + 8] * 3  # y and x, four weights in each direction


def test_a_rival_that_computes_something_else_is_refused() -> None:
    problem = Problem(Case("lstm", "train", False, 1, 1, *TINY))
    rival = torch_nn.rival(problem)
    ours, theirs = problem.ours.outputs(), rival.outputs()
    assert ours.keys() == theirs.keys() == {"y", "x", *problem.layer.state_dict()}
    check("torch.nn", ours, theirs)
    theirs["bias_hh_l0"] = np.roll(theirs["bias_hh_l0"], 1)
    with pytest.raises(ValueError, match=r"torch\.nn computes something else: bias_hh_l0"):
        check("torch.nn", ours, theirs)
    with pytest.raises(ValueError, match="computes something else"):
        check("nothing", ours, {"y": np.full_like(ours["y"], np.nan)})


def test_peak_counts_the_flops_of_all_products(monkeypatch: pytest.MonkeyPatch) -> None:
    assert peak.flops(Case("lstm", "train", False, 1, 1, 100, 64, 512, 512)) == 3 * 2 * 100 * 64 * 1024 * 2048
    monkeypatch.setattr(peak, "N", 32)
    rows = peak.measure((3, 2, 4, 5), 0.0)
    assert [found["cell"] for found in rows] == ["rnn", "gru", "lstm"]
    for found in rows:
        assert found["gflops"] * found["ours_ms"] * 1e6 == pytest.approx(
            6 * 3 * 2 * 9 * 5 * {"rnn": 1, "gru": 3, "lstm": 4}[found["cell"]]
        )
        assert len(peak.line(found).split()) == 6


@pytest.mark.parametrize("name", variants.NAMES)
def test_a_variant_equals_its_loop_and_has_a_row(name: str, known_times: None) -> None:
    for mode in ("train",) if name in variants.TRAIN_ONLY else ("train", "infer"):
        found = variants.measure(name, mode, (6, 3, 5), 0.0)
        assert (found["cost"], found["ratio"]) == (pytest.approx(2 / 3), 2.5)
        assert re.match(rf"{name} {mode} T6 B3 H5( +\d+\.\d+){{5}}$", variants.timed_line(found))


def test_what_is_saved_for_backward(known_times: None) -> None:
    found = variants.memory((16, 3, 8))
    y, line = 16 * 3 * 8 * 4, 3 * 8 * 4
    assert found["plain_bytes"] == y + 16 * 5 * line  # the output, and i f g o c of every step
    assert found["ours_bytes"] == y + 4 * line  # the output, and c before every fourth step
    looked = variants.inspected("GRU", (4, 2, 3), 0.0)
    assert looked["cost"] == pytest.approx(2 / 3)


@pytest.fixture
def _same_threads_after() -> Iterator[None]:
    before = torch.get_num_threads(), anaphora.get_threads()
    yield
    torch.set_num_threads(before[0])
    anaphora.set_threads(before[1])


@pytest.mark.usefixtures("_same_threads_after")
def test_threads_are_compared_with_the_first_count() -> None:
    rows = threads.measure(Case("gru", "train", False, 1, 1, 5, 2, 3, 3), [1, 2], 0.0)
    assert [(found["side"], found["threads"]) for found in rows] == [
        ("anaphora", 1),
        ("anaphora", 2),
        ("torch.nn", 1),
        ("torch.nn", 2),
    ]
    assert rows[0]["gain"] == rows[2]["gain"] == 1.0
    assert len(threads.lines(rows).split()) == 5 + 2 * 4
    assert threads.summary(rows, 2)[1].startswith("4 and 8 rows")


def results(folder: Path) -> None:
    """What the programs would leave."""
    case = Case("lstm", "train", False, 1, 1, *TINY)
    timed = {"ours_ms": 1.0, "rival_ms": 2.5, "ratio": 2.5, "note": "", "stacked": False}
    rows = [{**case._asdict(), **timed, "rival": rival} for rival in ("torch.nn", "XLA")]
    (folder / "layers.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "layers.txt").write_text("every row\n\nthe means\n\nthe bars\n", encoding="utf-8")
    (folder / "peak.json").write_text("[]", encoding="utf-8")
    (folder / "peak.txt").write_text("what peak printed\n", encoding="utf-8")
    (folder / "machine.txt").write_text("Measured somewhere.\n", encoding="utf-8")


def test_the_page_is_made_anew_where_there_are_results_and_kept_elsewhere(tmp_path: Path) -> None:
    results(tmp_path)
    page = tmp_path / "page.md"
    kept = "## By hand: `scripts/bench language FILE`\n\n```\nfigures\n```\n"
    threads_before = "## Threads: `scripts/bench threads`\n\nof another day\n"
    page.write_text(f"# Old\n\n{kept}\n## Layers: `scripts/bench layers`\n\nold\n\n{threads_before}", encoding="utf-8")
    text = report.compose(tmp_path, page)
    headings = re.findall(r"^## (\w+)", text, re.MULTILINE)
    assert headings == ["Layers", "The", "Threads", "By"]
    assert "Measured somewhere." in text
    assert "| T5 B33 I3 H4 | 1.000 | 2.50 | 2.50 |" in text
    assert "what peak printed" in text
    assert kept in text
    assert threads_before in text
    assert "old" not in text
    assert "(page-layers.svg)" in text
    assert "<svg" in (tmp_path / "page-layers.svg").read_text(encoding="utf-8")
    page.write_text(text, encoding="utf-8")
    drawn = (tmp_path / "page-layers.svg").read_bytes()
    assert report.compose(tmp_path, page) == text
    assert (tmp_path / "page-layers.svg").read_bytes() == drawn


def test_no_two_marks_of_a_picture_differ_by_colour_alone() -> None:
    together = [("torch.nn", "ONNX Runtime", "XLA", "anaphora"), ("each shape", "their mean")]
    for names in together:
        assert len({plots.MARKS[name][2] for name in names}) == len(names)
    assert plots.MARKS["torch.nn packed"] == plots.MARKS["torch.nn"]  # of rows of unequal length, in another picture
    assert {name for names in together for name in names} | {"torch.nn packed"} == plots.MARKS.keys()


def test_the_pictures_of_variants_and_threads(tmp_path: Path) -> None:
    timed = [{"variant": name, "mode": "train", "cost": 1.2, "ratio": 5.0} for name in variants.NAMES]
    sides = [
        {"cell": "gru", "mode": "train", "T": 5, "B": 1, "H": 4, "side": side, "threads": 2, "gain": 1.5}
        for side in ("anaphora", "torch.nn")
    ]
    for name, rows in {"variants": timed, "threads": sides}.items():
        ((key, figure),) = plots.pictures(name, rows).items()
        plots.save(figure, tmp_path / f"{key}.svg")
        assert (tmp_path / f"{name}.svg").stat().st_size > 1000
    assert plots.pictures("peak", [{"cell": "gru"}]) == {}


@pytest.mark.parametrize("name", [name for name in report.PROGRAMS if (BENCHMARKS / f"{name}.py").exists()])
def test_every_program_of_the_page_takes_its_options(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as stopped:
        importlib.import_module(name).main()
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert all(option in printed for option in ("--quick", "--json FILE"))


def test_labels_of_a_picture_do_not_touch() -> None:
    """Widths of the labels are those that matplotlib draws."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    shapes = [{"T": 100, "B": 32, "I": 64, "H": 64, "rival": "XLA", "cell": cell} for cell in plots.CELLS]
    rows = [{**row, "mode": mode, "ratio": ratio} for row in shapes for mode in plots.MODES for ratio in (1.1, 184.0)]
    figure = plots.ratios(rows, "title")
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        labels = [label for label in axes.get_xticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in labels]
        assert [label.get_text() for label in labels][:2] == ["1", "2"]
        assert all(right.x0 - left.x1 >= 2 for left, right in itertools.pairwise(boxes))


def test_coverage_counts_the_test_scores_in_and_beside_the_intervals() -> None:
    usual = {"accuracy": [0.8, 0.7, 0.9, 0.75]}
    beside = [{"accuracy": [0.8, 0.7, 0.9, score]} for score in (0.65, 0.69, 0.95)]  # two below, one above
    printed = coverage.line(60, "accuracy", [usual, *beside, *[usual] * 4])
    assert re.split(" +", printed)[-7:] == ["62.5%", "25.0%", "12.5%", "0.2000", "0.8000", "0.7550", "+0.0450"]


def test_coverage_trains_on_draws_of_one_population(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(coverage, "TRAIN", 80)
    monkeypatch.setattr(coverage, "TEST", 50)
    monkeypatch.setattr(coverage, "SETTINGS", {**coverage.SETTINGS, "max_steps": 4, "evaluations": 2})
    asked = ["coverage", "--draws", "2", "--rows", "20", "--json", str(tmp_path / "draws.json")]
    monkeypatch.setattr(sys, "argv", asked)
    coverage.main()
    draws = json.loads((tmp_path / "draws.json").read_text(encoding="utf-8"))
    assert [(found["rows"], found["draw"]) for found in draws] == [(20, 0), (20, 1)]
    for found in draws:
        table = np.array(found["confusion"])
        assert table.sum() == 20
        score, low, high, test = found["accuracy"]
        assert (score, low < score < high) == (table.trace() / 20, True)
        assert test * 50 == pytest.approx(round(test * 50))
    printed = capsys.readouterr().out.splitlines()
    assert printed[1:3] == [coverage.line(20, measure, draws) for measure in ("accuracy", "macro F1")]


def test_the_population_of_coverage_has_its_frequencies() -> None:
    population, rows = coverage.Population(3), 4000
    texts, labels = population.draw(np.random.default_rng(1), rows)
    shares = [labels.count(label) / rows for label in coverage.LABELS]
    assert shares == pytest.approx(coverage.FREQUENCIES, abs=4 * math.sqrt(0.25 / rows))
    assert {len(text.split()) for text in texts} == set(range(coverage.SHORTEST, coverage.LONGEST + 1))
