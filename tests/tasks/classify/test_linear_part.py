"""A classifier is not below the linear model beside it: the linear part rides along, and its weight is fitted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import anaphora
from anaphora import bundle
from anaphora.data.batches import Ragged
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import CorruptBundle
from anaphora.runtime.model import of_bundle
from anaphora.runtime.series_linear import SeriesLinear
from anaphora.runtime.sparse_linear import SparseLinear
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.training import TRAINING
from anaphora.training import run
from labelled import config, split, waves

SHORT = ("--max-steps", "8", "--valid", "0.3")


def rare_words(rows: int, seed: int, several: bool = False) -> dict[str, list[object]]:
    """Texts whose labels follow from many words, each of them rare: a linear model learns them at once."""
    rng = np.random.default_rng(seed)
    texts, labels = list[object](), list[object]()
    for row in range(rows):
        side = row % 2
        words = [f"{'pq'[side]}{rng.integers(40)}" for _ in range(3)] + [f"x{rng.integers(60)}" for _ in range(4)]
        texts.append(" ".join(rng.permutation(words).tolist()))
        label = ("neg", "pos")[side]
        labels.append([label, "long"] if several and "x1" in str(texts[-1]) else [label] if several else label)
    return {"text": texts, "label": labels}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("mixed")
    series, paces = waves(60)
    u, v = ([row[channel] for row in series] for channel in (0, 1))
    frames: dict[str, tuple[dict[str, list[object]], list[str]]] = {
        "text": (rare_words(200, 1), []),
        "char": (rare_words(200, 1), ["--units", "char"]),
        "cut": (rare_words(200, 1), ["--max-length", "4"]),
        "off": (rare_words(200, 1), ["--linear", "off"]),
        "several": (rare_words(200, 1, several=True), []),
        "series": ({"u": list(u), "v": list(v), "label": list(paces)}, []),
    }
    for name, (columns, options) in frames.items():
        settings = config(*SHORT, *options)
        run.train(TRAINING(settings, split(settings, [Frame(columns)])), folder / f"{name}.anaphora")
    return {name: folder / f"{name}.anaphora" for name in frames}


@pytest.mark.parametrize("name", ["text", "char", "several", "series"])
def test_on_new_rows_the_mixture_is_not_below_the_linear_model(name: str, paths: dict[str, Path]) -> None:
    classifier = Classifier.open(paths[name])
    data = rare_words(300, 2, several=name == "several")
    if name == "series":
        series, paces = waves(60, seed=5)
        u, v = ([row[channel] for row in series] for channel in (0, 1))
        data = {"u": list(u), "v": list(v), "label": list(paces)}
    score = classifier.evaluate(data)
    network, linear = score.alone
    assert network.accuracy < linear.accuracy - 0.05  # eight steps are too few for a network
    assert score.accuracy >= linear.accuracy - 0.01
    assert score.macro_f1 >= linear.macro_f1 - 0.01
    shown = "\n".join(score.lines())
    assert f"network alone: accuracy {network.accuracy:.4f}" in shown
    assert f"alone: accuracy {linear.accuracy:.4f}, macro F1 {linear.macro_f1:.4f}" in shown


def test_the_report_shows_the_most_telling_n_grams(paths: dict[str, Path]) -> None:
    sections = {}
    for name, path in paths.items():
        log = (path.with_suffix(".run") / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        sections[name] = {section["title"]: section["parts"] for section in json.loads(log[-1])["sections"]}
    _, table = sections["text"]["Most telling n-grams"]
    assert [label for label, _ in table["rows"]] == ["neg", "pos"]
    for side, (_, grams) in zip("pq", table["rows"], strict=True):
        assert len(grams.split(" · ")) == 12
        assert all(side in gram for gram in grams.split(" · "))
    assert [name for name in sections if "Most telling n-grams" in sections[name]] == ["text", "char", "cut", "several"]


def test_the_page_names_what_each_part_scores_alone(paths: dict[str, Path]) -> None:
    log = (paths["text"].with_suffix(".run") / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ended = json.loads(log[-1])
    [table] = next(section["parts"] for section in ended["sections"] if section["title"] == "On the same rows")
    both, network, linear = ended["score"], *ended["score"]["alone"]
    expected = [("network + linear", both), ("network alone", network), ("n-grams+LR", linear)]
    assert table["rows"][:3] == [[name, found["accuracy"], found["macro_f1"]] for name, found in expected]
    assert [row[0] for row in table["rows"][3:]] == ["most frequent"]


def test_without_a_linear_part_the_file_is_one_that_older_programs_read(paths: dict[str, Path]) -> None:
    off, on = bundle.read(paths["off"]), bundle.read(paths["text"])
    assert off.config["version"] == 1
    assert "linear" not in off.config["units"]
    assert not [name for name in off.tensors if name.startswith("linear")]
    assert on.config["version"] == 2  # older programs refuse it: they would leave the linear part out
    assert sum(on.config["units"]["linear"]["weights"]) > 0
    score = Classifier.open(paths["off"]).evaluate(rare_words(40, 3))
    assert (score.alone, score.weights) == ((), ())


@pytest.mark.parametrize("name", ["text", "char", "cut", "several", "series"])
def test_probabilities_are_those_of_the_weighted_sum(name: str, paths: dict[str, Path], tmp_path: Path) -> None:
    classifier = Classifier.open(paths[name])
    if name == "series":
        found, _ = waves(8, seed=5)
        rows = [np.array(list(zip(*row, strict=True))) for row in found]
        inputs = [classifier.reader.series(row, "here") for row in rows]
        assert isinstance(classifier.linear, SeriesLinear)
        linear = classifier.linear.of_rows(Ragged.of(inputs, inputs[0][:0]))
    else:
        rows = list(map(str, rare_words(8, 5)["text"]))
        inputs = [classifier.reader.text(row) for row in rows]
        assert isinstance(classifier.linear, SparseLinear)
        read = [" ".join(row.split()[:4]) for row in rows] if name == "cut" else rows
        linear = classifier.linear.of_rows(read)
    network = classifier.network_scores(Ragged.of(inputs, inputs[0][:0])).astype(np.float64)
    z = classifier.weights[0] * network + classifier.weights[1] * linear
    p = 1 / (1 + np.exp(-z)) if classifier.multi else np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.probabilities(rows), p, rtol=1e-9)
    classifier.save(tmp_path / "again.anaphora")
    again = anaphora.load(tmp_path / "again.anaphora")
    assert (tmp_path / "again.anaphora").read_bytes() == paths[name].read_bytes()
    assert again.probabilities(rows).tobytes() == classifier.probabilities(rows).tobytes()
    one_by_one = np.concatenate([classifier.probabilities([row]) for row in rows])
    assert one_by_one.tobytes() == classifier.probabilities(rows).tobytes()


def test_a_linear_part_that_does_not_fit_is_refused(paths: dict[str, Path]) -> None:
    opened = bundle.read(paths["text"])
    units = opened.config["units"]

    def changed(linear: dict[str, object], **tensors: np.ndarray) -> bundle.Bundle:
        config = {**opened.config, "units": {**units, "linear": linear}}
        return bundle.Bundle({**opened.tensors, **tensors}, config)

    with pytest.raises(CorruptBundle, match="weights of network and linear part"):
        Classifier(of_bundle(changed({"words": True, "lower": True})))
    wide = opened.tensors["linear.weights"][:, [0, 1, 1]]
    with pytest.raises(anaphora.errors.IncompatibleBundle, match="linear part has 3 scores, but its network has 2"):
        Classifier(of_bundle(changed(units["linear"], **{"linear.weights": wide, "linear.bias": np.zeros(3)})))
