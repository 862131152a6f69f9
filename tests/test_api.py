"""anaphora from Python: the same models as by the longer way, whatever form the data have, and nothing left behind."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

import anaphora
from anaphora import bundle, errors, runtime
from anaphora.config import resolve
from anaphora.data.batches import Ragged
from anaphora.errors import DataError, IncompatibleBundle
from anaphora.runtime.series_linear import SeriesLinear
from anaphora.tasks.classify import data as classify_data
from anaphora.tasks.classify import training as classify
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.language import data as language_data
from anaphora.tasks.language import training as language
from anaphora.tasks.language.predict import LanguageModel
from anaphora.tasks.language.settings import PRESETS, LanguageConfig
from anaphora.training import run
from labelled import config, sentences, waves, write_csv, write_jsonl

ROWS: dict[str, Any] = {
    "embedding": 6, "hidden": 5, "batch": 8, "max_steps": 12, "evaluations": 2, "valid": 0.25, "output_dropout": 0.1,
}  # fmt: skip
STEPS = {name: value for name, value in ROWS.items() if name != "embedding"}
TEXT = "the cat sat on the mat and the dog ate the cat.\n" * 60
WRITES: dict[str, Any] = {
    "preset": "small", "hidden": 12, "embedding": 6, "batch": 4, "bptt": 16, "max_steps": 12, "evaluations": 2,
}  # fmt: skip
TEXTS, LABELS = sentences(40)
SERIES = [np.array(channels).T for channels in waves(32)[0]]
PACES = waves(32)[1]


@pytest.fixture(scope="module")
def writer() -> LanguageModel:
    return anaphora.train("language", TEXT, **WRITES)


@pytest.fixture(scope="module")
def labeller() -> Classifier:
    return anaphora.train("classify", (TEXTS, LABELS), **ROWS)


@pytest.fixture(scope="module")
def timer() -> Classifier:
    return anaphora.train("classify", (SERIES, PACES), **STEPS)


def same_weights(one: runtime.Model, other: runtime.Model) -> None:
    assert one.tensors.keys() == other.tensors.keys()
    for name, tensor in one.tensors.items():
        np.testing.assert_array_equal(tensor, other.tensors[name], err_msg=name)


# What is trained


def test_a_text_trains_the_model_that_the_task_trains(writer: LanguageModel, tmp_path: Path) -> None:
    given = {name: value for name, value in WRITES.items() if name != "preset"}
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    settings = resolve(LanguageConfig, PRESETS, preset="small", options=words)
    report = run.train(
        language.TRAINING(settings, language_data.from_memory(settings, TEXT)), tmp_path / "cat.anaphora"
    )
    same_weights(writer.runtime, runtime.load(tmp_path / "cat.anaphora"))
    assert writer.config == settings
    assert writer.report.score.nats == report.score.nats
    assert writer.evaluate(TEXT[-len(TEXT) // 10 :]).nats_per_unit == report.score.nats
    assert writer.evaluate(TEXT[-len(TEXT) // 10 :]).baseline_nats == report.baseline.whole_nats


@pytest.mark.parametrize("form", ["pairs", "lists", "frame", "mapping", "csv", "jsonl", "series of a frame"])
def test_every_form_of_labelled_texts_trains_the_same_model(form: str, labeller: Classifier, tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"text": TEXTS, "label": LABELS}
    forms: dict[str, Callable[[], Any]] = {
        "pairs": lambda: list(zip(TEXTS, LABELS, strict=True)),
        "lists": lambda: (np.array(TEXTS, dtype=object), np.array(LABELS)),
        "series of a frame": lambda: (polars.Series(TEXTS), polars.Series(LABELS)),
        "frame": lambda: polars.DataFrame(columns),
        "mapping": lambda: columns,
        "csv": lambda: str(write_csv(tmp_path / "films.csv", columns)),
        "jsonl": lambda: [write_jsonl(tmp_path / "films.jsonl", columns)],
    }
    data = forms[form]()
    model = anaphora.train("classify", data, **ROWS)
    same_weights(model.runtime, labeller.runtime)
    assert model.evaluate(data).as_json()["nats_per_row"] == labeller.evaluate((TEXTS, LABELS)).nats_per_row


@pytest.mark.parametrize("form", ["lists", "jsonl"])
def test_every_form_of_series_trains_the_same_model(form: str, timer: Classifier, tmp_path: Path) -> None:
    if form == "lists":
        model = anaphora.train("classify", ([row.tolist() for row in SERIES], PACES), **STEPS)
    else:
        path = write_jsonl(tmp_path / "waves.jsonl", {"steps": [row.tolist() for row in SERIES], "label": PACES})
        settings = config("--max-steps", "12", "--evaluations", "2")
        report = run.train(
            classify.TRAINING(settings, classify_data.read(settings, [path])), tmp_path / "waves.anaphora"
        )
        model = anaphora.load(report.model)  # type: ignore[assignment]
    same_weights(model.runtime, timer.runtime)


def test_arrays_of_one_length_are_series() -> None:
    rows = np.random.default_rng(0).normal(size=(24, 5, 2)).astype(np.float32)
    labels = [str(row % 3) for row in range(24)]
    one, other = (anaphora.train("classify", (X, labels), **STEPS) for X in (rows, list(rows)))
    same_weights(one.runtime, other.runtime)
    one, other = (anaphora.train("classify", (X, labels), **STEPS) for X in (rows[:, :, 0], rows[:, :, :1]))
    same_weights(one.runtime, other.runtime)
    np.testing.assert_array_equal(one.probabilities(rows[:, :, 0]), other.probabilities(list(rows[:, :, 0])))


def test_several_labels() -> None:
    tags = [["good", "old"], ["bad"], [], {"old"}] * 10
    model = anaphora.train("classify", (TEXTS, tags), **ROWS)
    assert model.multi
    assert model.labels == ("bad", "good", "old")
    chances = model.probabilities(TEXTS)
    assert chances.shape == (40, 3)
    expected = [tuple(model.labels[k] for k in np.argsort(-row) if row[k] >= 0.5) for row in chances]
    assert model.predict(TEXTS) == expected
    score = model.evaluate((TEXTS, tags))
    assert score.accuracy == np.mean([set(guess) == set(tag) for guess, tag in zip(expected, tags, strict=True)])


# What a model says


def test_probabilities_are_those_of_the_network_by_hand(timer: Classifier) -> None:
    mean, sd = (timer.runtime.tensors[f"scale.{name}"] for name in ("mean", "sd"))
    for row, chances, label in zip(SERIES, timer.probabilities(SERIES), timer.predict(SERIES), strict=True):
        x = np.float32((row - mean) / sd)
        z, _ = timer.runtime.forward(x[:, None])
        network, linear = timer.runtime.config["units"]["linear"]["weights"]
        assert isinstance(timer.linear, SeriesLinear)
        y = timer.linear.of_rows(Ragged.of([x], x[:0]))
        powers = np.exp(network * np.float64(z[0]) + linear * y[0])
        np.testing.assert_allclose(chances, powers / powers.sum(), rtol=1e-6)
        assert label == timer.labels[int(np.argmax(powers))]


def test_a_frame_is_read_by_its_columns(labeller: Classifier) -> None:
    frame = polars.DataFrame({"label": LABELS, "year": [1999] * 40, "text": TEXTS})
    for X in (frame, frame.drop("label"), {"text": TEXTS}, TEXTS, tuple(TEXTS), polars.Series(TEXTS)):
        np.testing.assert_array_equal(labeller.probabilities(X), labeller.probabilities(TEXTS))
    with pytest.raises(DataError, match=r"the data has no column 'text'.*Did you mean 'texts'"):
        labeller.predict({"texts": TEXTS})


def test_evaluation_counts_what_is_right(labeller: Classifier) -> None:
    guesses = labeller.predict(TEXTS)
    wrong = [label != guess for label, guess in zip(LABELS, guesses, strict=True)]
    assert labeller.evaluate((TEXTS, LABELS)).accuracy == 1 - np.mean(wrong)
    one = labeller.evaluate([*zip(TEXTS, LABELS, strict=True), (TEXTS[0], "never seen")])
    assert (one.unseen, one.unknown_rows) == (("never seen",), 1)
    for only in ([(TEXTS[0], "never seen")], {"text": TEXTS[:1], "label": ["never seen"]}):
        with pytest.raises(DataError, match="All 1 rows have labels that the model does not know; it knows"):
            labeller.evaluate(only)


def test_files_without_a_known_label_have_no_score(labeller: Classifier, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\ngood,x\nbad,y\n", encoding="utf-8")
    with pytest.raises(
        DataError,
        match=r"All 2 rows have labels .* not know; it knows neg, pos\. Check the label column\.",
    ):
        labeller.score_files([str(tmp_path / "a.csv")], "utf-8")


def test_a_language_model_writes_and_guesses(writer: LanguageModel) -> None:
    written = writer.generate("the c", 40, seed=7)
    assert written == "".join(writer.stream("the c", 40, seed=7))
    assert len(written) == 40
    assert written != writer.generate("the c", 40, seed=8)
    assert writer.generate("the c", 300, seed=7, stop="d") == writer.generate("the c", 300, seed=7).split("d")[0]
    session = writer.session()
    logits = session.feed(writer.vocabulary.encode("the c"))[-1].astype(np.float64)
    chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    symbols = writer.vocabulary.symbols
    guesses = writer.next("the c", 3)
    assert [guess.probability for guess in guesses] == pytest.approx(sorted(chances)[::-1][:3], rel=1e-5)
    assert guesses[0].text in (symbols[int(chances.argmax())], "space", "newline")
    assert writer.generate("the c", 1, temperature=0) == symbols[int(chances.argmax())]
    assert all(guess.text.startswith("c") for guess in writer.next_words("the c"))


def test_several_texts_are_one(writer: LanguageModel, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the cat\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("sat on\n", encoding="utf-8")
    forms: list[Any] = ["the cat\nsat on\n", ["the cat", "sat on"], np.array(["the cat\n", "sat on"])]
    forms += [[tmp_path / "a.txt", tmp_path / "b.txt"], polars.Series(["the cat", "sat on"])]
    assert len({writer.evaluate(form).nats_per_unit for form in forms}) == 1
    assert writer.evaluate("the cat", training_text=TEXT).baseline_note == "counted on the text that was given"


# Files


def test_saved_and_loaded_it_is_the_same_model(labeller: Classifier, writer: LanguageModel, tmp_path: Path) -> None:
    for model, kind in ((labeller, Classifier), (writer, LanguageModel)):
        model.save(tmp_path / "m.anaphora")
        assert (tmp_path / "m.anaphora").read_bytes() == model.to_bytes()
        assert model.run_dir is not None
        assert (model.run_dir / "model.anaphora").read_bytes() == model.to_bytes()
        loaded = anaphora.load(tmp_path / "m.anaphora")
        assert type(loaded) is kind
        assert (loaded.to_bytes(), loaded.card, loaded.task) == (model.to_bytes(), model.card, model.task)
        assert (loaded.report, loaded.run_dir) == (None, None)
        assert repr(loaded) == f"<{kind.__name__} of {model.report.parameters:,} parameters>"


def test_a_loaded_model_needs_no_torch(labeller: Classifier, tmp_path: Path, quiet_environment: dict[str, str]) -> None:
    labeller.save(tmp_path / "m.anaphora")
    code = (
        "import sys; sys.modules['torch'] = None; import anaphora, json;"
        "model = anaphora.load(sys.argv[1]); print(json.dumps(model.probabilities(sys.argv[2:]).tolist()))\n"
        "try: anaphora.train('classify', ([], []))\n"
        "except anaphora.errors.MissingExtra as error: print(error)"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "m.anaphora"), *TEXTS[:3]]
    done = subprocess.run(command, capture_output=True, text=True, env=quiet_environment, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert json.loads(lines[0]) == labeller.probabilities(TEXTS[:3]).tolist()
    assert lines[1:] == ["anaphora.train needs torch, which is not installed. Install it with:",
                         '    pip install "anaphora[train]"']  # fmt: skip


def test_a_model_without_a_place_takes_its_folder_with_it() -> None:
    model = anaphora.train("classify", (TEXTS, LABELS), **ROWS | {"max_steps": 1})
    folder = model.run_dir
    assert folder is not None
    assert {path.name for path in folder.iterdir()} == {
        "config.toml", "metrics.jsonl", "run.json", "checkpoints", "model.anaphora",
    }  # fmt: skip
    del model
    gc.collect()
    assert not folder.exists()


def test_a_place_that_was_named_stays(tmp_path: Path) -> None:
    few = ROWS | {"max_steps": 1}
    model = anaphora.train("classify", (TEXTS, LABELS), output=tmp_path / "deep" / "m.anaphora", **few)
    assert model.run_dir == tmp_path / "deep" / "m.run"
    assert "<svg" in (model.run_dir / "report.html").read_text(encoding="utf-8")
    del model
    model = anaphora.train("classify", (TEXTS, LABELS), run_dir=tmp_path / "run", **few)
    del model
    gc.collect()
    assert (tmp_path / "deep" / "m.anaphora").exists()
    assert anaphora.load(tmp_path / "run" / "model.anaphora").card["steps"] == 1


def test_a_foreign_task_is_refused(labeller: Classifier, tmp_path: Path) -> None:
    bundle.write(tmp_path / "m.anaphora", labeller.runtime.tensors, {**labeller.runtime.config, "task": "juggle"})
    with pytest.raises(IncompatibleBundle, match=r"of the task 'juggle'; this version knows: language, classify"):
        anaphora.load(tmp_path / "m.anaphora")
    config = {name: value for name, value in labeller.runtime.config.items() if name != "training"}
    bundle.write(tmp_path / "m.anaphora", labeller.runtime.tensors, config)
    bare = anaphora.load(tmp_path / "m.anaphora")
    assert isinstance(bare, Classifier)
    with pytest.raises(IncompatibleBundle, match="does not record its training settings"):
        bare.config  # noqa: B018


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"folds": 1}, "at least 2"),
        ({"pooling": "maxx"}, "Did you mean 'max'"),
        ({"linear": False}, "Did you mean 'off'"),
        ({"linear": True}, "Did you mean 'on'"),
        ({"test": 20}, "between 0 and 1"),
        ({"valid": 0.6, "test": 0.5}, "less than 1"),
        ({"hidden": "a"}, "whole number"),
        ({"test": "films.csv"}, r"share.*in memory.*'films\.csv'.*model\.evaluate"),
        ({"test": (TEXTS, LABELS)}, r"share.*model\.evaluate"),
    ],
)
def test_a_wrong_value_is_a_value_error_with_a_short_message(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        anaphora.train("classify", (TEXTS, LABELS), **given)
    assert isinstance(refused.value, errors.WrongArgument)
    assert len(str(refused.value)) < 400


def test_an_unknown_field_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="Did you mean 'hidden'"):
        anaphora.train("classify", (TEXTS, LABELS), hiden=3)
