"""The classifier in training: loss and gradients against plain torch.nn, and whole trainings from data to file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from anaphora import bundle, runtime
from anaphora.config import from_values
from anaphora.data.batches import Ragged
from anaphora.data.files.tables import ColumnTable as Frame
from anaphora.errors import Interrupted
from anaphora.metrics import scaling
from anaphora.metrics.classification import nats
from anaphora.nn.build import build
from anaphora.tasks.classify import data
from anaphora.tasks.classify import training as classify
from anaphora.tasks.classify.encoding import targets
from anaphora.tasks.classify.linear_part import scores_of
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.score import Mixture, Score, judge
from anaphora.tasks.classify.settings import ClassifyConfig
from anaphora.training import run
from anaphora.training.observer import Observer, Step
from drawn import Drawn
from labelled import baseline_of, config, sentences, split, waves, write_csv

STILL = ["--embedding-dropout", "0", "--output-dropout", "0", "--dropout", "0", "--unk-dropout", "0"]


def corpus_of(kind: str, *options: str) -> data.Corpus:
    """A corpus of texts, of series, or of texts with several labels each."""
    settings = config(*options)
    if kind == "series":
        series, labels = waves()
        return split(settings, [Frame({"u": [r[0] for r in series], "v": [r[1] for r in series], "label": labels})])
    texts, labels = sentences()
    if kind == "several":
        labels = [[label, *(["very"] if "very" in text else [])] for text, label in zip(texts, labels, strict=True)]  # type: ignore[misc]
    return split(settings, [Frame({"text": texts, "label": labels})])


class Plain(nn.Module):
    """The same network written with torch.nn alone, on one row at a time."""

    def __init__(self, cell: str, layers: int, both: bool, pooling: str, inputs: int, text: bool, labels: int) -> None:
        super().__init__()
        if text:
            self.embedding = nn.Embedding(inputs, 6)
        layer = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}[cell]
        self.recurrent = layer(6 if text else inputs, 5, layers, bidirectional=both)
        width = 10 if both else 5
        if pooling == "attention":
            self.pooling = nn.Linear(width, 4)
            self.pooling.query = nn.Parameter(torch.zeros(4))
        self.output = nn.Linear(width, labels)
        self.how = pooling

    def forward(self, row: torch.Tensor) -> torch.Tensor:
        if not len(row):
            return self.output(torch.zeros(self.output.in_features))
        y, h = self.recurrent(self.embedding(row.long()) if hasattr(self, "embedding") else row)
        ends = h[0] if isinstance(h, tuple) else h  # (L·D, H)
        if self.how == "last":
            D = 2 if self.recurrent.bidirectional else 1
            return self.output(torch.cat(list(ends[-D:])))
        if self.how == "attention":
            weights = (torch.tanh(self.pooling(y)) @ self.pooling.query).softmax(0)
            return self.output(weights @ y)
        return self.output(y.mean(0) if self.how == "mean" else y.amax(0))


@pytest.mark.parametrize(
    ("kind", "cell", "pooling", "layers", "both", "more"),
    [
        ("text", "gru", "max", 1, True, []),
        ("text", "lstm", "last", 2, True, []),
        ("text", "rnn", "last", 1, False, []),
        ("text", "gru", "mean", 1, True, ["--class-weights", "balanced"]),
        ("series", "gru", "attention", 1, True, []),
        ("several", "lstm", "max", 1, False, []),
    ],
)
def test_loss_and_every_gradient_are_those_of_plain_torch(
    kind: str, cell: str, pooling: str, layers: int, both: bool, more: list[str]
) -> None:
    torch.manual_seed(7)
    options = ["--cell", cell, "--pooling", pooling, "--layers", str(layers), *STILL, *more]
    options += ["--attention", "4"] if pooling == "attention" else []
    settings = config(*options, *([] if both else ["--no-bidirectional"]))
    work = classify.TRAINING(settings, corpus_of(kind))
    ours = build(work.tree)
    inputs, labels = work.encoded.reader.width, len(work.encoded.labels)
    theirs = Plain(cell, layers, both, pooling, inputs, kind != "series", labels)
    theirs.load_state_dict(ours.state_dict())
    batch = work.batches.at(1)
    assert work.batches.units(batch) == len(batch.targets) == 8
    found, carry = work.batch_loss(ours, batch, None)
    found.backward()
    rows = [torch.from_numpy(batch.rows.row(row)) for row in range(8)]
    logits = torch.stack([theirs(row) for row in rows])
    targets = torch.from_numpy(batch.targets)
    if kind == "several":
        p = logits.sigmoid()
        expected = -(targets * p.log() + (1 - targets) * (1 - p).log()).sum()
    else:
        weights = torch.ones(8)
        if more:
            counts = np.bincount(work.encoded.train.targets)
            weights = torch.from_numpy(counts.sum() / (len(counts) * counts))[targets]
        expected = -(logits.log_softmax(1)[torch.arange(8), targets] * weights).sum()
    expected.backward()
    assert carry is None
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    gradients = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        wanted = gradients[name].grad
        assert parameter.grad is not None
        assert wanted is not None
        np.testing.assert_allclose(
            parameter.grad, wanted, rtol=0, atol=1e-5 * max(float(wanted.abs().max()), 1e-3), err_msg=name
        )


def test_some_words_are_read_as_unknown_in_training_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Ragged] = []

    def run_rows(model: nn.Module, rows: Ragged) -> Tensor:
        read.append(rows)
        return torch.zeros(len(rows.ends), 2)

    monkeypatch.setattr(classify, "run_rows", run_rows)
    for share in ("0.25", "0"):
        work = classify.TRAINING(config("--unk-dropout", share), corpus_of("text"))
        model = nn.Linear(1, 1)
        torch.manual_seed(3)
        work.batch_loss(model, work.encoded.train, None)
    (hidden, still), rows = read, work.encoded.train.rows
    torch.manual_seed(3)
    changed = torch.rand(len(rows.steps)).numpy() < 0.25
    assert (rows.steps[changed] != work.encoded.reader.vocabulary.unknown).all()
    np.testing.assert_array_equal(hidden.steps, np.where(changed, work.encoded.reader.vocabulary.unknown, rows.steps))
    np.testing.assert_array_equal(hidden.ends, rows.ends)
    np.testing.assert_array_equal(still.steps, rows.steps)


def test_an_untrained_output_says_how_frequent_labels_are(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = Drawn(monkeypatch)
    for kind in ("text", "several"):
        work = classify.TRAINING(config(), corpus_of(kind))
        model = build(work.tree)
        work.initialise(model)
        bias = model.get_parameter("output.bias").detach().double()
        targets = work.encoded.train.targets
        if kind == "several":
            np.testing.assert_allclose(bias.sigmoid(), (targets.sum(0) + 1) / (len(targets) + 2), rtol=1e-6)
        else:
            np.testing.assert_allclose(bias.exp(), (np.bincount(targets) + 1) / (len(targets) + 2), rtol=1e-6)
        assert drawn.of(model.get_parameter("embedding.weight")) == (0.0, 0.1)


def test_weights_of_labels() -> None:
    targets = np.repeat([0, 1, 2], [80, 16, 4])
    assert classify.class_weights(targets, "none") is None
    for how, power in (("balanced", 1.0), ("root", 0.5)):
        weights = classify.class_weights(targets, how)
        assert weights is not None
        np.testing.assert_allclose(weights / weights[0], (80 / np.array([80, 16, 4])) ** power, rtol=1e-6)
        assert weights[targets].mean() == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["text", "several"])
def test_a_look_is_the_loss_at_its_best_temperature(kind: str) -> None:
    torch.manual_seed(5)
    work = classify.TRAINING(config(*STILL), corpus_of(kind))
    model = build(work.tree).eval()
    part, multi = work.encoded.held_out, kind == "several"
    with torch.no_grad():
        found = work.validation_loss(model)
        logits = np.concatenate([classify.run_rows(model, part.rows.take([row])) for row in range(len(part.targets))])
    heat = scaling.temperature(logits, part.targets, multi)
    assert found == pytest.approx(float(nats(logits, part.targets, heat, multi).mean()), rel=1e-5)


def test_a_look_may_see_a_sample() -> None:
    made = classify.TRAINING(config("--valid", "0.5"), corpus_of("text", "--valid", "0.5"))
    part, few = made.encoded.held_out, made.validation_part(7)
    assert len(few.targets) == 7
    assert (np.diff(few.rows.lengths) >= 0).all()
    assert len(made.validation_part(10**6).targets) == len(part.targets)


class Kept(Observer):
    def __init__(self) -> None:
        self.losses: list[float] = []
        self.stages: list[str] = []

    def step(self, step: Step) -> None:
        self.losses.append(step.loss)

    def stage(self, text: str) -> None:
        self.stages.append(text)


def cross_fitted(classifier: Classifier, rows: Rows) -> Score:
    """The score of `train`: each row with the temperature, or the weights of both parts, of the other folds."""
    labels, multi, T = classifier.labels, classifier.multi, classifier.temperature
    network, truth = classifier.network_scores(classifier.reader.rows(rows)), targets(rows.labels, labels, multi)
    if classifier.linear is None:
        calibrated = scaling.cross_fitted([network], truth, multi)
        assert scaling.temperature(network, truth, multi) == T
        return judge(network, rows, labels, T, multi, calibrated=calibrated)
    linear = scores_of(classifier.linear, classifier.reader.rows(rows), classifier.reader.texts(rows))
    parts, weights = [network, linear], classifier.weights
    assert (T, *weights) == (1.0, *scaling.fit(parts, truth, multi, (0.5, 0.5)))
    mixture = Mixture("statistics+LR" if classifier.reader.scale else "n-grams+LR", linear, weights)
    calibrated = scaling.cross_fitted(parts, truth, multi, (0.5, 0.5))
    return judge(network, rows, labels, T, multi, calibrated=calibrated, mixture=mixture)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("text", []),
        ("text", ["--units", "char", "--cell", "lstm", "--pooling", "last", "--class-weights", "root"]),
        ("text", ["--units", "subword", "--vocabulary", "60", "--pooling", "mean", "--average", "0"]),
        ("series", ["--cell", "rnn", "--layers", "2", "--pooling", "attention"]),
        ("several", ["--no-bidirectional"]),
        ("text", ["--linear", "off"]),
    ],
    ids=["words", "characters", "subwords", "series", "several labels", "no linear part"],
)
def test_a_training_leaves_a_file_that_scores_what_the_report_says(
    tmp_path: Path, kind: str, options: list[str]
) -> None:
    settings = config(*options)
    corpus = corpus_of(kind, *options)
    watch = Kept()
    report = run.train(classify.TRAINING(settings, corpus), tmp_path / "m.anaphora", observer=watch)
    assert len(watch.losses) == report.steps == 24
    assert watch.stages[0] == f"fitting a logistic regression to {len(corpus.train)} rows"
    assert (tmp_path / "m.anaphora").read_bytes() == (report.run_dir / "model.anaphora").read_bytes()

    classifier = Classifier.open(tmp_path / "m.anaphora")
    assert cross_fitted(classifier, corpus.held_out) == report.score
    assert report.score is not None
    again = classifier.judged(corpus.held_out)
    assert (again.alone, again.uncalibrated_error) == (report.score.alone, report.score.uncalibrated_error)
    assert (classifier.linear is None) == (not again.alone) == ("off" in options)
    if again.alone:
        assert (again.alone[1].accuracy, again.alone[1].macro_f1) == report.baseline.rows()[0][1:]
        assert "network alone" in "\n".join(report.lines())
    else:
        assert (again.accuracy, again.f1) == (report.score.accuracy, report.score.f1)
    assert report.baseline == baseline_of(settings, corpus)

    opened = bundle.read(tmp_path / "m.anaphora")
    card = opened.config["card"]
    assert (card["accuracy"], card["macro_f1"]) == (report.score.accuracy, report.score.macro_f1)
    assert (card["data_sha256"], card["held_out_rows"]) == (corpus.sha256, len(corpus.held_out))
    assert card["baseline"]["linear_accuracy"] == report.baseline.linear_accuracy
    assert from_values(ClassifyConfig, opened.config["training"]) == settings
    events = [json.loads(line) for line in (report.run_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert events[-1]["event"] == "finish"
    assert events[-1]["score"]["accuracy"] == report.score.accuracy
    text = "\n".join(report.lines())
    for said in (f"accuracy      {report.score.accuracy:.4f}", report.baseline.linear, "most frequent", "model    "):
        assert said in text


@pytest.mark.parametrize("kind", ["text", "series", "several"])
def test_the_runtime_says_what_the_network_says_row_by_row(tmp_path: Path, kind: str) -> None:
    settings = config("--pooling", "last", "--layers", "2")
    corpus = corpus_of(kind)
    run.train(classify.TRAINING(settings, corpus), tmp_path / "m.anaphora")
    classifier = Classifier.open(tmp_path / "m.anaphora")
    work = classify.TRAINING(settings, corpus)
    model = build(work.tree).eval()
    model.load_state_dict(
        {name: torch.from_numpy(classifier.runtime.tensors[name].copy()) for name in model.state_dict()}
    )
    rows = work.encoded.held_out.rows
    found = classifier.network_scores(rows)
    with torch.no_grad():
        np.testing.assert_allclose(found, classify.run_rows(model, rows), rtol=1e-5, atol=1e-5)
    for row in range(0, len(rows.ends), 5):
        np.testing.assert_array_equal(classifier.network_scores(rows.take([row]))[0], found[row])


def test_what_can_be_learned_is_learned(tmp_path: Path) -> None:
    options = ["--max-steps", "150", "--learning-rate", "0.02", "--hidden", "12"]
    for kind in ("text", "series"):
        report = run.train(classify.TRAINING(config(*options), corpus_of(kind)), tmp_path / f"{kind}.anaphora")
        assert report.score is not None
        assert report.score.accuracy == 1.0
        assert report.verdict in ("better", "level")


def test_the_same_seed_is_the_same_training(tmp_path: Path) -> None:
    made = []
    for name, seed in (("one", "1"), ("again", "1"), ("other", "2")):
        settings = config("--seed", seed, "--max-steps", "8")
        run.train(classify.TRAINING(settings, corpus_of("text", "--seed", "1")), tmp_path / f"{name}.anaphora")
        made.append(bundle.read(tmp_path / f"{name}.anaphora").tensors)
    one, again, other = made
    assert all(np.array_equal(one[name], again[name]) for name in one)
    assert not np.array_equal(one["output.weight"], other["output.weight"])


class Cuts(Observer):
    def step(self, step: Step) -> None:
        if step.step == 15:
            raise KeyboardInterrupt


def test_cut_off_the_best_model_is_saved_and_runs(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match=r"after step 15.*from step 12, is saved in .*m\.anaphora"):
        run.train(classify.TRAINING(config(), corpus_of("text")), tmp_path / "m.anaphora", observer=Cuts())
    model = runtime.load(tmp_path / "m.anaphora")
    assert model.config["card"]["accuracy"] is None
    assert model.config["units"]["temperature"] == 1.0
    assert len(Classifier(model).predictions(["a good film"])[0].labels) == 1


def test_what_is_not_finite_is_told_by_its_row(tmp_path: Path) -> None:
    texts, labels = sentences()
    path = write_csv(tmp_path / "a.csv", {"text": texts, "label": labels})
    work = classify.TRAINING(config(), data.read(config(), [path]))
    batch = work.batches.at(0)
    told = work.describe(batch, 2)
    row = int(batch.numbers[2])
    assert told == f"{work.corpus.train.at(row)} ({work.corpus.train.inputs[row]})"


def test_workers_read_disjoint_rows() -> None:
    work: Any = classify.TRAINING(config(), corpus_of("text"))
    batch = work.batches.at(2)
    parts = [work.batches.part(batch, rank, 3) for rank in range(3)]
    assert sorted(np.concatenate([part.numbers for part in parts]).tolist()) == sorted(batch.numbers.tolist())
    for part in parts:
        for at, number in enumerate(part.numbers.tolist()):
            np.testing.assert_array_equal(part.rows.row(at), work.encoded.train.rows.row(number))
            assert part.targets[at] == work.encoded.train.targets[number]
    none = work.batches.part(work.batches.part(batch, 0, 8), 1, 2)
    assert work.batches.units(none) == 0
    loss, _ = work.batch_loss(build(work.tree), none, None)
    assert loss.item() == 0.0


def test_where_time_is_short_some_rows_are_scored_beside_the_same_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classify.ClassifyTraining, "fewest", 5)
    options = ("--max-steps", "6", "--valid", "0.5")
    corpus, settings = corpus_of("text", *options), config(*options)
    work = classify.TRAINING(settings, corpus)
    work.limit(1.0, 0.3)
    report = run.train(work, tmp_path / "m.anaphora")
    count = len(corpus.held_out)
    some = round(0.3 * count)
    fewer = replace(corpus, held_out=corpus.held_out.take(np.arange(some) * count // some))
    assert report.score == cross_fitted(Classifier.open(tmp_path / "m.anaphora"), fewer.held_out)
    assert report.baseline == baseline_of(settings, fewer)
    assert f"The score covers {some} of {count} held-out rows: --minutes left no time for more." in report.notes
    assert bundle.read(tmp_path / "m.anaphora").config["card"]["scored_rows"] == some


def test_where_time_is_short_fewer_rows_are_fitted_by_how_long_they_are() -> None:
    options = ("--minutes", "0.1", "--valid", "0.5")
    for copies, most in ((1, None), (300, 150_000)):
        texts, labels = sentences(400)
        corpus = split(config(*options), [Frame({"text": [copies * f"{text} " for text in texts], "label": labels})])
        floor = baseline_of(config(*options), corpus)
        length = np.mean([len(text.strip()) for text in corpus.train.inputs])
        said = None if most is None else f"was fitted to a sample of {max(100, int(most / length))} of 200 rows"
        assert floor.note is None if said is None else said in str(floor.note)
