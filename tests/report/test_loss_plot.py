"""The picture of a run: what it says is what the log holds, and the same log gives the same bytes."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from anaphora.errors import DataError
from anaphora.report.loss_plot import draw_curve, read_curve, save


@pytest.fixture
def log(tmp_path: Path) -> Path:
    events: list[dict[str, object]] = [{"event": "plan", "total_steps": 40}]
    for step in range(1, 41):
        loss = None if step == 7 else 3.0 / step**0.3
        events.append({"event": "step", "step": step, "loss": loss, "units": 512, "seconds": step * 0.5})
        if step % 10 == 0:
            events.append({"event": "evaluation", "step": step, "loss": 3.1 / step**0.3})
    accuracy = {"name": "accuracy", "per": "", "value": 0.5, "baseline": 0.25}
    nats = {"name": "nats", "per": "word", "value": 1.025, "baseline": 1.5}
    events.append({"event": "finish", "results": [accuracy, nats]})
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path


def test_what_the_log_holds(log: Path) -> None:
    curve = read_curve(log)
    assert (curve.unit, curve.baseline, curve.score, curve.seconds) == ("word", 1.5, 1.025, 20.0)
    assert [x for x, _ in curve.held_out] == [5120, 10240, 15360, 20480]
    assert len(curve.train) == 39  # a step whose loss was not finite has no point
    assert curve.train[0] == (512, 3.0)


def test_every_line_is_named_with_its_number(log: Path) -> None:
    figure = draw_curve(read_curve(log), "A title", "and what it means")
    shown = [text.get_text() for text in (*figure.texts, *figure.axes[0].texts)]
    assert shown[:2] == ["A title", "and what it means"]
    assert {"held-out text\n1.025", "n-gram model\n1.500"} <= set(shown)
    heights = sorted(text.get_position()[1] for text in figure.axes[0].texts)
    assert all(above - below > 0.14 for below, above in itertools.pairwise(heights))
    assert figure.axes[0].get_ylabel() == "nats per word"
    assert figure.axes[0].get_xlabel() == "words read"


def test_the_same_run_gives_the_same_bytes(log: Path, tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg", "a.png"):
        save(draw_curve(read_curve(log), "t"), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_cut_off_before_its_score_can_be_drawn(log: Path, tmp_path: Path) -> None:
    lines = [line for line in log.read_text(encoding="utf-8").splitlines() if "finish" not in line]
    log.write_text("\n".join(lines[:5]), encoding="utf-8")
    curve = read_curve(log)
    assert (curve.score, curve.baseline, curve.held_out, len(curve.train)) == (None, None, [], 4)
    figure = draw_curve(curve, "t")
    assert [text.get_text() for text in figure.axes[0].texts] == [f"training text\n{3.0 / 4**0.3:.3f}"]
    save(figure, tmp_path / "a.svg")
    assert ElementTree.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")


def test_no_run_no_picture(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_curve(tmp_path / "metrics.jsonl")
    (tmp_path / "metrics.jsonl").write_text('{"event": "plan"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="no step"):
        read_curve(tmp_path / "metrics.jsonl")
