"""Gaps in Python's own documentation, filled from both sides and left to right."""

from __future__ import annotations

from anaphora.tasks.base.demo import Demo, Say, Shown
from anaphora.tasks.base.python_text import documentation

GAPS = ("If the class has no such method, the ___ of the object is used instead.", "an ___ is raised when")


def _show(shown: Shown, say: Say) -> None:
    for gap in GAPS:
        say(f"\n{gap}\n\n{shown.model.table(gap, left_to_right=True)}\n")


DEMO = Demo(
    summary="Gaps in the same text, filled from both sides and left to right.",
    help="""Train a small network to fill gaps in Python's own documentation, from both sides and left to right.

    The demo downloads nothing. It writes the model, the text, and a folder with the records of the run.
    """,
    ending=".txt",
    options=(
        "--bptt", "32", "--learning-rate", "0.008", "--evaluations", "6", "--evaluation-units", "4000",
        "--embedding", "96", "--hidden", "128", "--embedding-dropout", "0.2", "--output-dropout", "0.4",
    ),
    data=documentation,
    about="Text: Python's own documentation (pydoc_data.topics) in {data}; the last tenth is held out.",
    show=_show,
    next=(
        'anaphora run {model} "the ___ of a function" --left-to-right',
        "echo 'a ___ of the ___' | anaphora run {model} --top 3 --json",
        "anaphora train fill YOUR_TEXT.txt --minutes 10",
    ),
)  # fmt: skip
