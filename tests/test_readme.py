"""The README's commands do what they say: the tour is run line by line, on a small text and for a few steps."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from warm import Warm

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
TOUR = [shlex.split(line, comments=True) for line in BLOCKS[1].splitlines()]
SOONER = ["--hidden", "16", "--max-steps", "12"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tour")
    words = ["It", "was", "the", "best", "of", "times", "and", "worst", "age", "wisdom"]
    text = " ".join(words[i * i % 10] + "." * (i % 7 == 0) for i in range(4000))
    (place / "novel.txt").write_text(text, encoding="utf-8")
    (place / "other.txt").write_text(text[500:1500], encoding="utf-8")
    labels = ["good"] * 5 + ["bad"] * 5
    rows = [f"{'age of ' * (i % 3)}{words[i % 10]} {words[i * i % 7]},{labels[i % 10]}" for i in range(120)]
    (place / "reviews.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (place / "unread.txt").write_text("It was wisdom\nthe worst age\n", encoding="utf-8")
    return place


def test_the_first_block_is_the_two_commands() -> None:
    install, tests = (line.partition("#")[0].strip() for line in BLOCKS[0].splitlines())
    assert install == 'pip install -c constraints.txt ".[train]" && anaphora demo'
    assert tests == "scripts/install && scripts/test"
    assert os.access(ROOT / "scripts" / "install", os.X_OK)
    assert os.access(ROOT / "scripts" / "test", os.X_OK)


def test_the_tour_runs_in_order(folder: Path, warm: Warm) -> None:
    assert [words[0] for words in TOUR] == ["anaphora"] * len(TOUR)
    for words in TOUR:
        ran = warm([*words[1:], *(SOONER if "train" in words else [])], folder)
        assert (ran.returncode, ran.stderr if ran.returncode else "") == (0, ""), words
        assert ran.stdout, words
