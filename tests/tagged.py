"""Small tagged sentences that a network can learn, and how little is set to learn them."""

from __future__ import annotations

from pathlib import Path

from anaphora.config import resolve
from anaphora.tasks.tag.grammar import columns, sentences
from anaphora.tasks.tag.settings import PRESETS, TagConfig

TINY = (
    "--embedding 6 --character-embedding 4 --character-hidden 3 --hidden 5 --batch 8 --max-steps 12 --evaluations 2"
    " --valid 0.2"
)
LEARNED = (
    "--embedding 24 --character-embedding 12 --character-hidden 16 --hidden 32 --embedding-dropout 0.2"
    " --output-dropout 0.2 --learning-rate 1e-2 --batch 20 --epochs 8 --evaluations 4"
)


def config(*options: str, tiny: str = TINY) -> TagConfig:
    return resolve(TagConfig, PRESETS, preset="small", options=[*tiny.split(), *options])


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def write_grammar(path: Path, count: int, seed: int = 0) -> str:
    """Sentences of the grammar as columns."""
    return write(path, columns(sentences(count, seed)))
