"""A classifier's training: its loss, how it is validated, and its first weights.

    loss(row) = −w_y ln p(y | row)                          one label
    loss(row) = −Σ_k [t_k ln p_k + (1 − t_k) ln(1 − p_k)]   several
    w_y = (n / (K·n_y))^a,  a = 0, ½ or 1                    none, root, balanced

A validation uses the temperature that `metrics.scaling` fits to the held-out part: a network becomes overconfident long
before its accuracy falls, and the temperature is fitted again at the end. The score at the end is cross-fitted.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.config.units import PLURAL
from anaphora.data.batches import Ragged
from anaphora.data.folds import Folds
from anaphora.metrics import classification, scaling
from anaphora.nn import ragged
from anaphora.runs.report import Judgement, Tensors, TrainedWeights
from anaphora.runs.tested import Tested
from anaphora.tasks.classify import checks, linear_part
from anaphora.tasks.classify.baseline import Baseline, Fitted, fitted
from anaphora.tasks.classify.data import Corpus, folds
from anaphora.tasks.classify.encoding import Encoded, Part, encode
from anaphora.tasks.classify.judgement import judgement, telling, tested
from anaphora.tasks.classify.network import BATCH_DEFAULTS, share_unknown, specification
from anaphora.tasks.classify.predict import Classifier
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.score import Mixture, Score, judge, shown
from anaphora.tasks.classify.settings import ClassifyConfig
from anaphora.training.augment import hide_symbols
from anaphora.training.initialise import expect, expect_several, small_embeddings, small_output
from anaphora.training.observer import Observer
from anaphora.training.rows import RowTask

_POWER = {"none": 0.0, "root": 0.5, "balanced": 1.0}
_VALIDATED_AT_ONCE = 2**15  # steps
_DEVIATION = 0.1  # of an embedding's first entries


class ClassifyTraining(RowTask[ClassifyConfig, Corpus, Encoded, Part, Classifier]):
    """The training of a classifier."""

    task, unit, loss_unit, fewest, scoring_margin = "classify", "rows", "row", 100, 1.5
    model_class, batch_defaults = Classifier, BATCH_DEFAULTS

    def encode(self) -> Encoded:
        return encode(self.config, self.corpus)

    @cached_property
    def folds(self) -> Folds[Rows]:
        assert self.training.folds is not None
        return folds(self.config, self.corpus, self.training.folds)

    def network(self) -> spec.Block:
        reader = self.encoded.reader
        return specification(self.config, reader.kind, reader.width, len(self.encoded.labels))

    def initialise(self, model: nn.Module) -> None:
        """Begin with small embeddings, and with an output equal to the frequencies of the labels."""
        targets, labels = self.encoded.train.targets, len(self.encoded.labels)
        small_embeddings(model, _DEVIATION)
        small_output(model, "output.weight")
        if self.encoded.multi:
            expect_several(model, "output.bias", targets.sum(0), len(targets))
        else:
            expect(model, "output.bias", np.bincount(targets, minlength=labels))

    @cached_property
    def label_weights(self) -> NDArray[np.float32] | None:
        """The weight (K,) of each label's rows in the loss; None if all weights are equal."""
        return class_weights(self.encoded.train.targets, self.config.training.class_weights)

    def batch_loss(self, model: nn.Module, batch: Part, carry: None) -> tuple[Tensor, None]:
        reader = self.encoded.reader
        symbols = batch.rows.steps
        if reader.vocabulary is not None:
            symbols = hide_symbols(symbols, share_unknown(self.config, reader.kind), reader.vocabulary.unknown)
        logits = run_rows(model, Ragged(symbols, batch.rows.ends))
        targets = torch.from_numpy(batch.targets).to(logits.device)
        if self.encoded.multi:
            return nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum"), None
        weighed = None if self.label_weights is None else torch.from_numpy(self.label_weights).to(logits.device)
        return nn.functional.cross_entropy(logits, targets, weighed, reduction="sum"), None

    def validation_loss(self, model: nn.Module) -> float:
        """Return nats per row, at the temperature that fits these rows."""
        part, multi = self.validated, self.encoded.multi
        found = [run_rows(model, piece.rows) for piece in self.pieces(_VALIDATED_AT_ONCE)]
        scores = np.concatenate([logits.float().cpu().numpy() for logits in found])
        temperature = scaling.temperature(scores, part.targets, multi)
        return float(classification.nats(scores, part.targets, temperature, multi).mean())

    def quote(self, row: int) -> str:
        return shown(self.corpus.train, row)

    def fit_baseline(self, observer: Observer) -> None:
        observer.stage(f"fitting a logistic regression to {len(self.corpus.train):,} rows")
        self._fitted: Fitted = fitted(self.config, self.corpus, self.encoded)

    @property
    def baseline(self) -> Baseline:
        return self._fitted.judged(self.encoded, self.scored_rows)

    def score(self, trained: TrainedWeights) -> Score:
        """Return the cross-fitted score; its temperature, or its weights of network and linear part, are fitted to all
        scored rows.
        """
        rows, encoded = self.scored_rows, self.encoded
        part = encoded.held_out.take(rows)
        network = self.opened(trained.tree, trained.tensors).network_scores(part.rows)
        held_out = self.corpus.held_out.take(rows)
        cut = len(encoded.reader.cut(held_out))
        if not self._mixed:
            temperature = scaling.temperature(network, part.targets, encoded.multi)
            calibrated = scaling.cross_fitted([network], part.targets, encoded.multi)
            return judge(network, held_out, encoded.labels, temperature, encoded.multi, cut, calibrated)
        linear = self._fitted.scores[rows]
        parts: list[NDArray[np.floating]] = [network, linear]
        first, second = scaling.fit(parts, part.targets, encoded.multi, linear_part.PRIOR).tolist()
        calibrated = scaling.cross_fitted(parts, part.targets, encoded.multi, linear_part.PRIOR)
        mixture = Mixture(self._fitted.linear, linear, (first, second))
        return judge(network, held_out, encoded.labels, 1.0, encoded.multi, cut, calibrated, mixture)

    @property
    def _mixed(self) -> bool:
        """Whether the linear part is a part of the model."""
        return self.config.model.linear == "on"

    def keys(self, part: Rows) -> Iterable[Hashable | None]:
        return checks.keys(part)

    def tested(self, model: Classifier) -> Tested:
        rows, test = self.tested_rows, self.corpus.test
        assert test is not None
        score = model.judged(test.take(rows))
        return tested(score, self._fitted.tested(test, score.labels, rows), self._by_f1, len(test))

    @property
    def _by_f1(self) -> bool:
        """Whether macro F1 decides."""
        return self.encoded.multi or self.config.training.class_weights != "none"

    def judge(self, score: Score | None, trained: TrainedWeights | None) -> Judgement:
        known = {
            "unit": PLURAL[self.encoded.reader.kind],
            "labels": len(self.encoded.labels),
            "train_rows": len(self.corpus.train),
            "held_out_rows": len(self.corpus.held_out),
        }
        if self.corpus.test is not None:
            known["test_rows"] = len(self.corpus.test)
        found = judgement(score, self.baseline, self._by_f1, known, self.most_scored)
        if score is None or not self._mixed:
            return found
        sections = telling(self._fitted.part, self.encoded.labels, self.encoded.multi)
        return replace(found, sections=(*found.sections, *sections))

    def reader(self, score: Score | None) -> tuple[dict[str, Any], Tensors]:
        encoded, columns = self.encoded, vars(self.corpus.columns)
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in columns.items()}
        plain = {name: value for name, value in plain.items() if value or name not in ("time_form", "commas")}
        typed = {label: value for label, value in self.corpus.train.values.items() if label in encoded.labels}
        units = {
            **encoded.reader.settings(),
            "labels": list(encoded.labels),
            "multi": encoded.multi,
            "separator": self.config.data.separator,
            "columns": plain,
            "temperature": 1.0 if score is None else score.temperature,
            **({"values": typed} if typed else {}),
        }
        if not self._mixed:
            return units, encoded.reader.tensors()
        linear, weights = self._fitted.part, linear_part.PRIOR if score is None else score.weights
        units["linear"] = {**linear.settings(), "weights": list(weights)}
        return units, {**encoded.reader.tensors(), **linear.tensors()}


TRAINING = ClassifyTraining


def run_rows(model: nn.Module, rows: Ragged) -> Tensor:
    """The logits (B, K) of rows, steps (N,) or (N, C)."""
    steps = torch.from_numpy(rows.steps).to(next(model.parameters()).device)
    logits, _ = model(ragged.Ragged(steps, torch.from_numpy(rows.lengths)))
    return cast(Tensor, logits)


def class_weights(targets: NDArray[np.int64], how: str) -> NDArray[np.float32] | None:
    """Return the weight (K,) of each label for targets (B,), with mean 1 over the rows; None if all are equal."""
    if how == "none":
        return None
    counts = np.bincount(targets)
    weights = (counts.sum() / (len(counts) * counts)) ** _POWER[how]
    scaled: NDArray[np.float32] = (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)
    return scaled
