"""Notes of a gap filler's report on the accuracy from both sides against the accuracy from left to right."""

from __future__ import annotations

import re
from dataclasses import asdict

import pytest

from anaphora.report.curves import Chart, CurveLine, ends
from anaphora.runs.content import Paragraph, ReportTable
from anaphora.tasks.fill.baseline import Baseline
from anaphora.tasks.fill.judgement import judgement, sections
from anaphora.tasks.fill.predict import GapFiller
from anaphora.tasks.fill.score import MethodScore, Score
from gapped import text

COUNTS = MethodScore("counts", 0.0, 0.5, 3.0)
BASELINE = Baseline((COUNTS, COUNTS), None, units=40)


@pytest.mark.parametrize(
    ("both", "past", "ratio", "noted"),
    [(0.0, 0.25, 0.0, True), (0.2, 0.25, 0.8, True), (0.25, 0.25, 1.0, False), (0.25, 0.0, None, False)],
)
def test_both_sides_that_are_right_less_often_are_noted(
    both: float, past: float, ratio: float | None, noted: bool
) -> None:
    sides = [MethodScore("", accuracy, 0.5, 3.0) for accuracy in (both, past)]
    found = judgement(Score(20, 40, 0, *sides, BASELINE.methods, ""), BASELINE, {}, 40, ())
    assert [result.value for result in found.results[:3]] == [both, past, ratio]
    assert any(note.startswith("Both sides are right less often") for note in found.notes) is noted
    assert found.facts["ratio"] == ratio


def test_without_a_score_there_are_baselines_and_no_notes() -> None:
    found = judgement(None, BASELINE, {"train_units": 9}, 40, ())
    assert [(result.value, result.baseline) for result in found.results] == [
        (None, 0.0), (None, None), (None, None), (None, 0.5), (None, 3.0)
    ]  # fmt: skip
    assert (found.headline, found.notes) == ([], [])
    assert (found.facts["train_units"], found.facts["both"]) == (9, None)


def test_both_tables_of_the_right_context_say_what_they_show(filler: GapFiller) -> None:
    gain = sections(filler, filler.vocabulary.encode(text(20, 3)))[1]
    said = [part.text.partition(" that the")[2] for part in gain.parts if isinstance(part, Paragraph)]
    assert said == [" right context helps most:", " right context misleads most:"]
    tables = [part for part in gain.parts if isinstance(part, ReportTable)]
    assert re.fullmatch(r"\S+\N{NO-BREAK SPACE}0\.\d\d(, \S+\N{NO-BREAK SPACE}0\.\d\d){2}", str(tables[0].rows[0][2]))


def test_the_name_of_the_baseline_is_written_whole_beside_its_line() -> None:
    name = "counts of both neighbours"
    assert ends(Chart("", [CurveLine(name, "baseline", [(0, 3.0)], "level")])) == [("baseline", f"┄ {name} 3")]


def test_an_unknown_word_is_shown_as_such(filler: GapFiller) -> None:
    ids = filler.vocabulary.encode(text(20, 3) + "We saw a zebra, and they left.\n" * 20)
    shown = str([asdict(section) for section in sections(filler, ids)])
    assert "\ufffd" not in shown
    assert "a <unk>, and" in shown
    assert filler.vocabulary.decode(ids).endswith(" saw a <unk>, and They left.\n")
    assert "\ufffd" not in filler.table("We saw a zebra, and ___ left.")
