"""Layouts of series."""

from __future__ import annotations

from pathlib import Path

from anaphora.tasks.classify.data import read
from anaphora.tasks.classify.settings import ClassifyConfig


def steps(folder: Path) -> None:
    file = folder / "a.csv"
    rows = [("s1", 1, 0.5, "a"), ("s1", 2, 0.25, "a"), ("s2", 1, 1.5, "b"), ("s3", 1, 2.5, "a"), ("s4", 1, 3.5, "b")]
    lines = [",".join(map(str, row)) for row in rows]
    file.write_text("\n".join(["id,time,x,label", *lines, ""]), encoding="utf-8")
    config = ClassifyConfig.model_validate({"data": {"valid": 0.5}})
    corpus = read(config, [file])
    found = sorted((part.inputs.row(row).tolist(), part.labels[row])  # type: ignore[union-attr]
                   for part in (corpus.train, corpus.held_out) for row in range(len(part)))  # fmt: skip
    assert found == [([[0.5], [0.25]], ("a",)), ([[1.5]], ("b",)), ([[2.5]], ("a",)), ([[3.5]], ("b",))]


CASES = {"a step per line": steps}
