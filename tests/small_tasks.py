"""Every task with data that it learns from in no time: options, files, and the examples of a part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from anaphora.config import resolve
from anaphora.tasks import registry
from gapped import text
from labelled import sentences, write_csv
from tagged import write_grammar
from translated import PAIRS, write_pairs


class Case(NamedTuple):
    """Options of a task, and functions that write its data files and return the texts of a part."""

    options: str
    write: Callable[[Path, int, int], list[str]]  # folder, number of examples, seed
    inside: Callable[[Any], list[Any]]
    score: Callable[[Any], float]  # the figure that decides, of the report's test score


def _rows(folder: Path, count: int, seed: int) -> list[str]:
    texts, labels = sentences(count, seed)
    return [str(write_csv(folder / f"{count}-{seed}.csv", {"text": texts, "label": labels}))]


def _pairs(folder: Path, count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    pairs = [PAIRS[number] for number in rng.integers(0, len(PAIRS), count)]
    return write_pairs(folder, [(f"{one} {at}", f"{other} {at}") for at, (one, other) in enumerate(pairs)], f"{seed}")


def _text(folder: Path, count: int, seed: int) -> list[str]:
    path = folder / f"{count}-{seed}.txt"
    path.write_text(text(count, seed), encoding="utf-8")
    return [str(path)]


def _line_by_line(part: Any) -> list[str]:
    return list(str(part))


CASES = {
    "classify": Case(
        "--embedding 6 --hidden 5 --batch 8 --max-steps 6 --evaluations 2 --valid 0.25",
        _rows,
        lambda rows: list(zip(rows.places[:, 1].tolist(), rows.inputs, strict=True)),
        lambda score: score["accuracy"],
    ),
    "tag": Case(
        "--embedding 6 --character-embedding 4 --character-hidden 3 --hidden 5 --batch 8 --max-steps 6 --evaluations 2"
        " --valid 0.2",
        lambda folder, count, seed: [write_grammar(folder / f"{count}-{seed}.txt", count, seed)],
        lambda part: list(zip(part.lines, part.tokens, strict=True)),
        lambda score: score["f1"],
    ),
    "translate": Case(
        "--embedding 6 --hidden 5 --batch-steps 200 --max-steps 6 --evaluations 2 --valid 0.2 --units char",
        _pairs,
        lambda pairs: list(zip(pairs.places[:, 1].tolist(), pairs.sources, strict=True)),
        lambda score: score["bleu"],
    ),
    "language": Case(
        "--embedding 6 --hidden 5 --batch 2 --bptt 12 --max-steps 6 --evaluations 2 --evaluation-units 200 --valid 0.2",
        _text,
        _line_by_line,
        lambda score: score.get("nats_per_unit", score.get("nats")),
    ),
    "fill": Case(
        "--embedding 6 --hidden 5 --batch 4 --bptt 12 --max-steps 6 --evaluations 2 --evaluation-units 200 --valid 0.2",
        _text,
        _line_by_line,
        lambda score: score["both"]["accuracy"],
    ),
}


def config(task: str, *options: str) -> Any:
    chosen = registry.task(task)
    words = [*CASES[task].options.split(), *options]
    return resolve(chosen.config, chosen.presets, preset="small", options=words)
