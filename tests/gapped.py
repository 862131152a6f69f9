"""A small text in which what stands after a word decides about it, and how little is set to learn that."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from anaphora.config import resolve
from anaphora.tasks.fill.settings import PRESETS, FillConfig

TINY = (
    "--embedding 6 --hidden 5 --batch 4 --bptt 12 --max-steps 12 --evaluations 2 --evaluation-units 200 --valid 0.2"
    " --average 0"
)
LEARNS = (
    "--embedding 24 --hidden 24 --batch 8 --bptt 24 --epochs 5 --evaluations 3 --learning-rate 2e-2 --valid 0.2"
    " --embedding-dropout 0.1 --output-dropout 0.1 --average 0"
)
PAIRS = {"red": "rose", "green": "leaf", "blue": "sky", "white": "snow", "black": "coal"}


def config(*options: str, tiny: str = TINY) -> FillConfig:
    return resolve(FillConfig, PRESETS, preset="small", options=[*tiny.split(), *options])


def text(sentences: int = 700, seed: int = 0) -> str:
    """Sentences such as "We saw a red rose, and they left.": nothing before a colour says which one comes."""
    rng = np.random.default_rng(seed)
    people, verbs, ends = ["We", "You", "They", "I"], ["saw", "had", "found"], ["left", "slept", "sang"]
    lines = []
    for _ in range(sentences):
        colour = str(rng.choice(list(PAIRS)))
        picked = [str(rng.choice(words)) for words in (people, verbs, people, ends)]
        lines.append(f"{picked[0]} {picked[1]} a {colour} {PAIRS[colour]}, and {picked[2].lower()} {picked[3]}.\n")
    return "".join(lines)


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path
