"""Judge a classifier by k-fold cross-validation, beside its network alone and its linear part alone.

    python benchmarks/classify.py DATA... [--folds K] [--only N] [any option of `anaphora train classify`]

Every label's rows are dealt to K folds in an order that the seed draws. Each fold in turn is the test: the classifier
is trained on the others, of which it holds out a tenth for itself, to know when it is best and how much its network and
its linear part weigh. What is printed is what the saved file scores on the test, on the runtime alone; nothing of a
test is ever seen before. "both" is the classifier; its parts alone are the same network and the same linear part.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anaphora.config import resolve
from anaphora.data.files.folders import read_tables
from anaphora.tasks.classify.columns import choose
from anaphora.tasks.classify.data import Corpus, rows_of, set_aside
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.settings import PRESETS, TASK, ClassifyConfig
from anaphora.tasks.classify.training import TRAINING
from anaphora.training import run

PARTS = ("both", "network", "linear")
MEASURES = (*(f"{part}_{measure}" for part in PARTS for measure in ("accuracy", "macro_f1")), "seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", help="what `anaphora train classify` takes")
    parser.add_argument("--folds", type=int, default=10, help="how many parts the rows are dealt to (default 10)")
    parser.add_argument("--only", type=int, help="this many of them (default: all)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures of each fold")
    asked, options = parser.parse_known_args()
    config = resolve(ClassifyConfig, PRESETS, preset=TASK.default_preset, options=options)
    tables = read_tables(asked.data, config.data.encoding, config.data.header)
    columns = choose(config.data, tables[0])
    rows = rows_of(tables, columns, config.data)
    deal = dealt(rows, asked.folds, config.training.seed)
    print(f"{len(rows):,} rows, {asked.folds} folds", flush=True)
    print("      both                 network              linear", flush=True)
    print("fold  accuracy  macro F1   accuracy  macro F1   accuracy  macro F1   seconds", flush=True)
    found = []
    for fold in range(asked.only or asked.folds):
        begun = time.monotonic()
        rest, test = rows.take(np.flatnonzero(deal != fold)), rows.take(np.flatnonzero(deal == fold))
        found.append({**judged(config, set_aside(config, rest, columns), test), "fold": fold})
        found[-1]["seconds"] = time.monotonic() - begun
        print(line(f"{fold:>4}", [found[-1][name] for name in MEASURES]), flush=True)
    for name, how in (("mean", statistics.mean), ("  sd", statistics.pstdev)):
        print(line(name, [how([each[measure] for each in found]) for measure in MEASURES]))
    print(f"all folds: {sum(each['seconds'] for each in found) / 60:.1f} minutes")
    if asked.json:
        asked.json.write_text(json.dumps(found), encoding="utf-8")


def dealt(rows: Rows, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row; every label's rows are dealt out evenly."""
    order = np.random.default_rng([seed, folds]).permutation(len(rows))
    order = np.array(sorted(order.tolist(), key=lambda row: rows.labels[row]))
    deal = np.empty(len(rows), dtype=np.int64)
    deal[order] = np.arange(len(rows)) % folds
    return deal


def judged(config: ClassifyConfig, corpus: Corpus, test: Rows) -> dict[str, float]:
    """What the classifier and its parts score on the test; without a linear part, all are the network."""
    with tempfile.TemporaryDirectory() as folder:
        run.train(TRAINING(config, corpus), Path(folder) / "model.anaphora")
        score = Classifier.open(Path(folder) / "model.anaphora").judged(test)
    found = dict.fromkeys(PARTS, score) | dict(zip(PARTS[1:], score.alone, strict=False))
    return {f"{part}_{name}": getattr(each, name) for part, each in found.items() for name in ("accuracy", "macro_f1")}


def line(name: str, values: list[float]) -> str:
    pairs = zip(values[:-1:2], values[1:-1:2], strict=True)
    return f"{name}  " + "   ".join(f"{a:8.4f}  {b:8.4f}" for a, b in pairs) + f"   {values[-1]:7.1f}"


if __name__ == "__main__":
    main()
