"""The score of a classifier on rows with known labels: `train` reports the same numbers that `eval` prints.

accuracy = share of rows whose label is the likeliest one        macro F1 = mean F1 of all labels
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anaphora.data.batches import Ragged
from anaphora.formatting import columns, counted, shortened, titled
from anaphora.metrics import classification as metrics
from anaphora.metrics import scaling
from anaphora.report.shades import mark
from anaphora.runs import report as reports
from anaphora.tasks.classify.encoding import targets
from anaphora.tasks.classify.inputs import Labels
from anaphora.tasks.classify.rows import Rows
from anaphora.tasks.classify.sample import sample

THRESHOLD = 0.5  # of several labels, those at least as likely as this are given
WORST = 20
_SHOWN = 5  # of the worst rows, labels and confusions, on a terminal
_TEXT = 160  # characters of a row that are shown
_TABLE = 30  # labels whose confusion matrix is printed
_NAME, _LONG = 8, 32  # columns of a label above and beside the confusion matrix
_CROSS_FITTED = " (cross-fitted: each row is scored {} of the other folds)"
_SHADES = "  shades: the share of a row, ░ up to 25 %, ▒ up to 50 %, ▓ up to 75 %, █ more"


class Mixture(NamedTuple):
    """The linear part beside a network: its name, its scores of the rows (B, K), and the weights of both."""

    name: str
    scores: metrics.Floats
    weights: tuple[float, float]


@dataclass(frozen=True)
class Alone:
    """The figures of a part of a classifier without the other part."""

    name: str
    accuracy: float
    macro_f1: float


@dataclass(frozen=True)
class Worst:
    """A row with a high loss."""

    where: str
    text: str
    labels: tuple[str, ...]
    guess: tuple[str, ...]
    nats: float


@dataclass(frozen=True)
class Score(reports.Score):
    """The score of a classifier; `labels` may end in labels without a training row, which count as wrong."""

    rows: int
    multi: bool
    accuracy: float
    macro_f1: float
    micro_f1: float
    unknown_rows: int  # with a label that the model does not know
    nats_per_row: float  # after calibration, over the rows without an unknown label
    temperature: float
    calibration_error: float  # after calibration
    uncalibrated_error: float  # at temperature 1
    labels: tuple[str, ...]
    unseen: tuple[str, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    support: tuple[int, ...]  # rows that have each label
    confusion: tuple[tuple[int, ...], ...]  # rows: truth, columns: prediction; () with several labels
    worst: tuple[Worst, ...]
    weights: tuple[float, ...] = ()  # of network and linear part
    alone: tuple[Alone, ...] = ()  # network and linear part
    cut_rows: int = 0  # longer than the network reads
    cross_fitted: bool = False  # each row's nats and calibration are at the temperature of the other folds
    notes: tuple[str, ...] = ()  # on rows that were cut off, and on the reading

    def lines(self) -> list[str]:
        """Return the lines of a report."""
        over = f" (over {counted(self.rows - self.unknown_rows, 'row')} with known labels)" if self.unknown_rows else ""
        exactly = " (all labels of a row right)" if self.multi else ""
        lines = [
            f"{counted(self.rows, 'row')}, {counted(len(self.labels), 'label')}",
            f"  accuracy      {self.accuracy:.4f}{exactly}",
            f"  macro F1      {self.macro_f1:.4f}" + (f"  micro F1 {self.micro_f1:.4f}" if self.multi else ""),
            f"  nats per row  {self.nats_per_row:.4f}{over}",
            *self.interval_line(),
            self._calibration(),
            *(f"  {p.name} alone: accuracy {p.accuracy:.4f}, macro F1 {p.macro_f1:.4f}" for p in self.alone),
        ]
        if self.unseen:
            has = "1 row has" if self.unknown_rows == 1 else f"{self.unknown_rows:,} rows have"
            lines.append(f"  {has} labels without a training row, always predicted wrong: {', '.join(self.unseen)}")
        lines += [f"  {note}" for note in self.notes]
        return [*lines, "", *self._per_label(), *self._confused(), *self._worst()]

    def _calibration(self) -> str:
        error = f"{self.calibration_error:.4f}"
        if not self.weights:
            how = _CROSS_FITTED.format("at the temperature") if self.cross_fitted else ""
            return (
                f"  calibration error  {self.uncalibrated_error:.4f} before, {error} at temperature"
                f" {self.temperature:.3g}{how}"
            )
        sum_of = " + ".join(f"{w:.3g}·{part.name}" for w, part in zip(self.weights, self.alone, strict=True))
        how = _CROSS_FITTED.format("with the weights") if self.cross_fitted else ""
        return f"  calibration error  {self.uncalibrated_error:.4f} of the network alone, {error} of {sum_of}{how}"

    def _per_label(self) -> list[str]:
        table = list(zip(self.labels, self.support, self.precision, self.recall, self.f1, strict=True))
        few = len(table) <= _TABLE
        shown = table if few else sorted(table, key=lambda row: row[-1])[:_TABLE]
        rows = [[name, f"{count:,}", *(f"{value:.3f}" for value in values)] for name, count, *values in shown]
        lines = columns(["label", "support", "precision", "recall", "F1"], rows, right=[1, 2, 3, 4])
        return lines if few else [f"the {_TABLE} labels with the lowest F1:", *lines]

    def _confused(self) -> list[str]:
        if not self.confusion:
            return []
        if len(self.labels) <= _TABLE:
            head = ["label \\ predicted", *(f"{shortened(label, _NAME)} " for label in self.labels)]
            table = [
                [shortened(name, _LONG), *(f"{count:,}{mark(count / (sum(row) or 1))}" for count in row)]
                for name, row in zip(self.labels, self.confusion, strict=True)
            ]
            return ["", *columns(head, table, right=range(1, len(head))), _SHADES]
        most = [
            f"  {count:,} × {truth} predicted as {predicted}" for count, truth, predicted in self.confused()[:_SHOWN]
        ]
        return titled("most often confused:", most)

    def confused(self) -> list[tuple[int, str, str]]:
        """Return pairs of confused labels: count, label in the data, predicted label; the most frequent pair first."""
        pairs = [
            (count, self.labels[truth], self.labels[predicted])
            for truth, row in enumerate(self.confusion)
            for predicted, count in enumerate(row)
            if count and truth != predicted
        ]
        return sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))

    def _worst(self) -> list[str]:
        shown = [
            f"  {row.where}: {', '.join(row.labels) or 'no label'}, predicted as"
            f" {', '.join(row.guess) or 'none'} ({_nats(row.nats)}): {row.text}"
            for row in self.worst[:_SHOWN]
        ]
        return titled("wrong rows with the highest loss:", shown)


def _nats(nats: float) -> str:
    return f"{nats:.1f} nats" if np.isfinite(nats) else "the model does not know the label"


def judge(
    scores: NDArray[np.float32],
    rows: Rows,
    labels: Sequence[str],
    temperature: float,
    multi: bool,
    cut: int = 0,
    calibrated: metrics.Floats | None = None,
    mixture: Mixture | None = None,
) -> Score:
    """Compare a network's scores (B, K) with the labels of the rows; `calibrated` are the cross-fitted scores (B, K) of
    rows that the temperature, or the weights of the mixture, were fitted to. Without them, scores are mixed, or divided
    by the temperature.
    """
    after = _mixed(scores, temperature, mixture) if calibrated is None else calibrated
    known_names = set(labels)
    unseen = tuple(sorted({label for row in rows.labels for label in row} - known_names))
    names = (*labels, *unseen)
    truth = targets(rows.labels, names, multi)
    known = truth[:, : len(labels)] if multi else np.where(truth < len(labels), truth, -1)
    strange = np.array([not known_names.issuperset(row) for row in rows.labels], dtype=np.bool_)
    each = np.where(strange, np.inf, metrics.nats(after, known, 1.0, multi))
    given = predicted(after, multi, len(names))
    right, per_label, table = compared(truth, given, len(names))
    alone = {} if mixture is None else {"network": scores.astype(np.float64), mixture.name: mixture.scores}
    error, uncalibrated = (_error(each, known, multi) for each in (after, scores))
    order = np.argsort(-each, kind="stable")
    are = "1 row is" if cut == 1 else f"{cut:,} rows are"
    wrong = [row for row in order.tolist() if not right[row]][:WORST]
    return Score(
        rows=len(rows),
        multi=multi,
        accuracy=float(right.mean()) if len(rows) else 0.0,
        macro_f1=metrics.macro_f1(per_label),
        micro_f1=metrics.micro_f1(per_label),
        unknown_rows=int(strange.sum()),
        nats_per_row=float(each[~strange].mean()) if not strange.all() else 0.0,
        temperature=temperature,
        calibration_error=error,
        uncalibrated_error=uncalibrated,
        labels=names,
        unseen=unseen,
        precision=tuple(per_label.precision.tolist()),
        recall=tuple(per_label.recall.tolist()),
        f1=tuple(per_label.f1.tolist()),
        support=tuple(per_label.rows.tolist()),
        confusion=tuple(tuple(row) for row in table.tolist()),
        worst=tuple(
            Worst(rows.at(row), shown(rows, row), rows.labels[row], _names(given[row], labels), float(each[row]))
            for row in wrong
        ),
        weights=() if mixture is None else mixture.weights,
        alone=tuple(Alone(name, *shares(truth, predicted(z, multi), len(names))) for name, z in alone.items()),
        cut_rows=cut,
        cross_fitted=calibrated is not None,
        sample=sample(truth, given, len(names)),
        notes=(f"{are} longer than the network reads: the end was cut off",) if cut else (),
    )


def _mixed(scores: NDArray[np.float32], temperature: float, mixture: Mixture | None) -> metrics.Floats:
    """Return the scores (B, K) of a classifier from those of its network (B, K)."""
    if mixture is None:
        return np.asarray(scores, dtype=np.float64) / temperature
    return scaling.combined([scores, mixture.scores], mixture.weights)


def compared(
    truth: NDArray[Any], predicted: NDArray[Any], labels: int
) -> tuple[NDArray[np.bool_], metrics.PerLabel, NDArray[np.int64]]:
    """Return which rows (B,) are right, the figures of each label, and the confusion matrix (K, K); with several labels
    `truth` and `predicted` are (B, K), otherwise (B,), and there is no matrix.
    """
    if truth.ndim == 2:
        true, given = truth > 0, predicted > 0
        found = metrics.per_label((true & given).sum(0), given.sum(0), true.sum(0))
        return (true == given).all(1), found, np.zeros((0, 0), np.int64)
    table = metrics.confusion(truth, predicted, labels)
    return truth == predicted, metrics.per_label(table.diagonal(), table.sum(0), table.sum(1)), table


def predicted(scores: NDArray[np.floating], multi: bool, labels: int = 0) -> NDArray[Any]:
    """Return the predictions of scores (B, K) in the form of targets; with `multi` there are at least `labels` columns,
    those of unknown labels without a prediction.
    """
    p = metrics.probabilities(scores, 1.0, multi)
    if not multi:
        return np.asarray(p.argmax(1), dtype=np.int64)
    return np.pad(p >= THRESHOLD, ((0, 0), (0, max(0, labels - p.shape[1]))))


def shares(truth: NDArray[Any], given: NDArray[Any], labels: int) -> tuple[float, float]:
    """Return accuracy and macro F1 of predictions, (B,) or (B, K) as targets are."""
    if given.ndim == 2:
        given = np.pad(given, ((0, 0), (0, labels - given.shape[1])))  # unseen labels
    right, each, _ = compared(truth, given, labels)
    return float(right.mean()) if len(right) else 0.0, metrics.macro_f1(each)


def _error(scores: NDArray[np.floating], known: NDArray[Any], multi: bool) -> float:
    p = metrics.probabilities(scores, 1.0, multi)
    if multi:
        return metrics.calibration_error(np.maximum(p, 1 - p), (p >= THRESHOLD) == (known > 0))
    return metrics.calibration_error(p.max(1), p.argmax(1) == known)


def _names(prediction: NDArray[Any], labels: Sequence[str]) -> Labels:
    """Return the names of a row's prediction, a number () or a truth (K,) for each label."""
    numbers = np.flatnonzero(prediction) if prediction.ndim else prediction[None]
    return tuple(labels[number] for number in numbers.tolist())


def shown(rows: Rows, row: int) -> str:
    """Return a row in a few words."""
    if isinstance(rows.inputs, Ragged):
        return f"{rows.inputs.lengths[row]:,} steps"
    return shortened(" ".join(rows.inputs[row].split()), _TEXT)
