"""What a person sees while a network trains: notes as lines of a terminal, and as one line anywhere else."""

from __future__ import annotations

import io

from anaphora.checks.findings import Finding
from anaphora.data.location import Location
from anaphora.report.terminal import Bar, PlainProgress, broken, described
from anaphora.training.plan import Plan

MESSAGE = "12 of the long lines (4.1%) are also in the training part (the first is line 11 of a.txt): " + "a " * 30
FINDING = Finding(
    "duplicate-across", "warning", "the held-out part", (Location("v.txt", 4),), f"{MESSAGE.strip()}.", "Remove them."
)


def test_a_note_is_broken_where_the_terminal_ends() -> None:
    out = io.StringIO()
    with Bar("rows", out) as bar:
        bar._progress.console.width = 60
        bar.note("\n".join(FINDING.lines()))
    told = [line for line in out.getvalue().splitlines() if line.strip()]
    assert told[0] == "warning  duplicate-across  the held-out part: v.txt line 4"
    assert max(map(len, told)) <= 60
    assert [line[:4] for line in told[1:]] == ["    "] * (len(told) - 1)
    assert " ".join(line.strip() for line in told[1:]) == f"{FINDING.message} {FINDING.remedy}"


def test_elsewhere_a_note_is_one_line() -> None:
    out = io.StringIO()
    PlainProgress("rows", out).note("\n".join(FINDING.lines()))
    head = "note: warning, duplicate-across, the held-out part: v.txt line 4:"
    assert out.getvalue() == f"{head} {FINDING.message} {FINDING.remedy}\n"


def test_lines_are_broken_between_words_alone() -> None:
    assert broken("", 10) == [""]
    assert broken("    a-very-long-word of it", 12) == ["    a-very-long-word", "    of it"]


def test_a_plan_says_what_there_is_no_time_for() -> None:
    look = Plan(20, 2000, 20, "look", seconds_per_evaluation=1234.4, look_share=0.0125)
    assert described(look) == (
        "A validation of the whole held-out part would take about 1,234 s: each validation uses 1.2% of it."
    )
    plan = Plan(20, 500, 4, "minutes", seconds_left=61.0, look_share=0.0125, score_share=0.305)
    assert described(plan) == (
        "Speed measured: 500 steps in all, about 1:01 left, then a final score on 30.5% of the usual sample."
    )
    assert described(Plan(0, 7, 1, "steps")) == "Planned: 7 steps in all."
