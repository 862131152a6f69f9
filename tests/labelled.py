"""Small labelled data that a network can learn: texts, series, and several labels per row."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anaphora.config import resolve
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.data.files.tables import Table
from anaphora.tasks.classify.baseline import Baseline, fitted
from anaphora.tasks.classify.columns import choose
from anaphora.tasks.classify.data import Corpus, rows_of, set_aside
from anaphora.tasks.classify.encoding import encode
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.settings import PRESETS, ClassifyConfig
from anaphora.tasks.classify.training import ClassifyTraining
from anaphora.training.initial import first_model
from anaphora.training.observer import Observer

TINY = "--embedding 6 --hidden 5 --batch 8 --max-steps 24 --evaluations 4 --valid 0.25 --output-dropout 0.1"
GOOD, BAD = ("good", "fine", "great", "lovely"), ("bad", "poor", "awful", "dull")


def config(*options: str, tiny: str = TINY) -> ClassifyConfig:
    found = resolve(ClassifyConfig, PRESETS, options=[*tiny.split(), *options])
    found.model.model_fields_set.discard("embedding")  # as if not given: it is refused on series
    return found


def split(config: ClassifyConfig, tables: list[Table], *sources: str) -> Corpus:
    """Tables that are open already, a share of each label's rows held out."""
    columns = choose(config.data, *tables)
    return set_aside(config, rows_of(tables, columns, config.data), columns, *sources)


def baseline_of(config: ClassifyConfig, corpus: Corpus) -> Baseline:
    """The simple methods on all of the held-out part."""
    encoded = encode(config, corpus)
    return fitted(config, corpus, encoded).judged(encoded, np.arange(len(corpus.held_out)))


def random_classifier(options: str = "", series: bool = False, several: bool = False, seed: int = 3) -> Classifier:
    """A one-directional classifier with large random weights, so that its probabilities change from step to step."""
    settings = config("--no-bidirectional", *options.split())
    if series:
        X, y = waves()
        corpus = split(settings, [Frame({"u": [r[0] for r in X], "v": [r[1] for r in X], "label": y})])
    else:
        texts, names = sentences()
        labels: list[Any] = [[name, "long"] if len(t) > 30 else [name] for t, name in zip(texts, names, strict=True)]
        corpus = split(settings, [Frame({"text": texts, "label": labels if several else names})])
    task = ClassifyTraining(settings, corpus)
    task.fit_baseline(Observer())
    model = first_model(task.tree, seed, task.initialise)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return task.opened(task.tree, {name: tensor.numpy() for name, tensor in model.state_dict().items()})


def sentences(rows: int = 80, seed: int = 0) -> tuple[list[str], list[str]]:
    """Films that are good or bad, said in three to nine words."""
    rng = np.random.default_rng(seed)
    plain = ["the", "film", "was", "a", "one", "and", "so", "very"]
    texts, labels = [], []
    for row in range(rows):
        label = "pos" if row % 2 else "neg"
        words = [*rng.choice(plain, size=rng.integers(2, 9)), rng.choice(GOOD if row % 2 else BAD)]
        texts.append(" ".join(rng.permutation(words).tolist()))
        labels.append(label)
    return texts, labels


def waves(rows: int = 40, seed: int = 0) -> tuple[list[list[list[float]]], list[str]]:
    """Slow and fast waves of two channels, 6 to 14 steps."""
    rng = np.random.default_rng(seed)
    series, labels = [], []
    for row in range(rows):
        t = np.arange(rng.integers(6, 15))
        pace = 2.2 if row % 2 else 0.4
        channels = [np.sin(pace * t) + 0.1 * rng.normal(size=t.size), 5 + np.cos(pace * t)]
        series.append([np.round(channel, 4).tolist() for channel in channels])
        labels.append("fast" if row % 2 else "slow")
    return series, labels


def write_csv(path: Path, columns: dict[str, list[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def write_jsonl(path: Path, columns: dict[str, list[Any]]) -> Path:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
