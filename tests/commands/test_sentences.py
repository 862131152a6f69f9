"""Every line that the program writes to standard error, and every note, is a sentence with an end mark if no terminal
is there.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from program import TEXT, TINY, Run

PAIRS = "".join(f"{a}{b} one\t{b}{a} ONE\n" for a in "abcdef" for b in "ghijklmn")
TAGS = "".join(f"{word} {'B-PER' if word == 'Ann' else 'O'}\n\n" for word in ["Ann", "saw", "it"] * 40)
ROWS = "text,label\n" + "".join(f"a {word} film,{word}\n" for word in ["good", "bad"] * 40)
SMALL = ["--hidden", "6", "--embedding", "6", "--evaluations", "2", "--max-steps", "4"]
CASES = {
    "language": ("t.txt", TEXT, [*TINY, "--max-steps", "4"]),
    "fill": ("t.txt", TEXT, [*SMALL, "--batch", "4"]),
    "classify": ("t.csv", ROWS, [*SMALL, "--minutes", "0.5"]),
    "tag": ("t.conll", TAGS, [*SMALL, "--character-hidden", "4"]),
    "translate": ("t.tsv", f"source\ttarget\n{PAIRS}", [*SMALL, "--units", "char"]),
}


def unfinished(said: str) -> list[str]:
    """The lines that do not begin like a sentence or do not end like one."""
    return [line for line in said.splitlines() if not re.fullmatch(r"(note: )?\S.*[^\s.?!][.?!]", line)]


@pytest.mark.parametrize("task", CASES)
def test_what_is_said_in_a_pipe_is_sentences(run: Run, tmp_path: Path, task: str) -> None:
    name, content, options = CASES[task]
    (tmp_path / name).write_text(content, encoding="utf-8")
    done = run("train", task, name, "-o", "m.anaphora", *options)
    assert done.returncode == 0, done.stderr
    assert unfinished(done.stderr) == []
    assert unfinished("\n".join(line for line in done.stdout.splitlines() if line.startswith("note:"))) == []
    assert re.findall(r"^Step 4(?: of 4 \(100%\))?: training loss [\d.]+, validation loss", done.stderr, re.MULTILINE)


def test_a_time_limit_says_that_it_measures_before_it_names_a_time(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(ROWS, encoding="utf-8")
    done = run("train", "classify", "t.csv", "-o", "m.anaphora", *SMALL[:-1], "60", "--minutes", "0.5")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert lines[1] == "Measuring the speed over the first steps; the time left is not known yet."
    assert re.match(r"Step \d+: training loss", lines[2])  # the end is not known, and none is named
    assert re.match(r"Speed measured: \d+ steps in all, about \d:\d\d left", lines[3])


def test_a_range_test_and_a_refusal_are_sentences(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    assert unfinished(run("lr-find", "language", "t.txt", *TINY, "--updates", "10").stderr) == []
    assert unfinished(run("check", "language", "t.txt", *TINY).stderr) == []
    (tmp_path / "m.anaphora").write_bytes(b"PK\3\4" + bytes(200))
    refused = ["eval none.anaphora t.txt", "eval m.anaphora t.txt", "runs show t.txt", "runs nowhere"]
    assert [unfinished(run(*words.split()).stderr) for words in refused] == [[]] * len(refused)
