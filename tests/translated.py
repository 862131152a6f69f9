"""Small pairs that a network can learn, and how little is set to learn them."""

from __future__ import annotations

from pathlib import Path

from anaphora.config import resolve
from anaphora.tasks.translate.settings import PRESETS, TranslateConfig

TINY = "--embedding 6 --hidden 5 --batch-steps 200 --max-steps 12 --evaluations 2 --valid 0.2 --units char"
DATES = (
    "--embedding 32 --hidden 64 --embedding-dropout 0 --dropout 0 --output-dropout 0 --smoothing 0"
    " --learning-rate 1e-2 --epochs 6 --evaluations 4"
)
PAIRS = [("ein Mann", "a man"), ("zwei Hunde", "two dogs"), ("ein Kind lacht", "a child laughs"), ("ja", "yes"),
         ("ein Hund läuft", "a dog runs"), ("zwei Kinder", "two children"), ("nein", "no"), ("der Mann", "the man"),
         ("die Hunde laufen", "the dogs run"), ("ein Mann lacht", "a man laughs")]  # fmt: skip


def config(*options: str, tiny: str = TINY) -> TranslateConfig:
    return resolve(TranslateConfig, PRESETS, preset="small", options=[*tiny.split(), *options])


def write(folder: Path, name: str, lines: list[str]) -> str:
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(folder / name)


def write_pairs(folder: Path, pairs: list[tuple[str, str]], name: str = "a") -> list[str]:
    """Two parallel files."""
    return [write(folder, f"{name}.{side}", [pair[at] for pair in pairs]) for at, side in enumerate(("de", "en"))]
