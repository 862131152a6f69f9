"""The record of commands beside the trainings: the search for a learning rate, data on standard input, `doctor`."""

from __future__ import annotations

from pathlib import Path

from frozen.call import call
from frozen.trainings import Records, page_files

_SMALL = "--hidden 6 --embedding 6 --seed 9"
RATES = (
    f"lr-find language novel.txt {_SMALL} --batch 4 --bptt 8 --updates 12",
    f"lr-find classify films.csv {_SMALL} --units word --updates 12 --json",
    f"lr-find tag spans.conll {_SMALL} --characters none --updates 10 --plot page.svg",
)
PIPED = (
    f"train language - {_SMALL} --batch 4 --bptt 8 --max-steps 3 -o piped.anaphora",
    "resume piped.run",
    "eval piped.anaphora -",
    "check language - --hidden 4 --embedding 4 --batch 2 --bptt 8",
)


def records(here: Path) -> Records:
    """One file per kind; the current folder is `here`, which holds the data."""
    rates = [line for words in RATES for line in call(words).lines(here)]
    novel = Path("later.txt").read_text(encoding="utf-8")
    piped = [line for words in PIPED for line in call(words, novel).lines(here) if not line.startswith("< ")]
    return {
        "commands/rate.txt": [*rates, *page_files(here)],
        "commands/piped.txt": piped,
        "commands/doctor.txt": [_finding(line) for line in call("doctor").lines(here)],
    }


def _finding(line: str) -> str:
    """A line of `doctor`: of a fact about the machine only its title, which fourteen characters hold."""
    found = line.startswith(("| [", "| All", "$", "exit", "!")) or len(line) < len("| ") + 14
    return line if found else f"{line[:16].rstrip()} …"
