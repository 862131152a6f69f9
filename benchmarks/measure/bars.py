"""The bars that the figures are held against, as data, and what a table of rows says about them.

    mean     the geometric mean of the ratios is at least so much
    least    no ratio is under so much
    most     no value is above so much

A row is one line of a program's table, a mapping. A bar picks rows by the values of their columns, and looks at one
column of theirs: `ratio` (rival / ours, above 1 we are faster) unless it says another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from measure.turns import geometric_mean

Row = Mapping[str, Any]
Where = Mapping[str, tuple[Any, ...]]


class Bar(NamedTuple):
    """One line of the list: what is compared, which rows count, and what they must reach."""

    what: str
    where: Where
    mean: float | None = None
    least: float | None = None
    most: float | None = None
    of: str = "ratio"


class Verdict(NamedTuple):
    """What the rows of one bar came to."""

    bar: Bar
    rows: int
    mean: float | None
    worst: Row | None
    met: bool | None  # None when nothing was measured


PLAIN = {"ragged": (False,), "layers": (1,), "directions": (1,)}
STACKED = {"ragged": (False,), "stacked": (True,)}
_RNN, _GRU, _LSTM = {"cell": ("rnn",)}, {"cell": ("gru",)}, {"cell": ("lstm",)}
_TRAIN, _INFER = {"mode": ("train",)}, {"mode": ("infer",)}
_TORCH, _XLA, _ORT = {"rival": ("torch.nn",)}, {"rival": ("XLA",)}, {"rival": ("ONNX Runtime",)}
_PACKED = {"rival": ("ONNX Runtime, both packed once",)}


def _dense(which: Mapping[str, Any], name: str) -> list[Bar]:
    """The bars against engines on rows of one length; stacks are held against the same ones, apart."""
    both = {"cell": ("rnn", "gru")}
    return [
        Bar(f"GRU training vs torch.nn, {name}", {**which, **_GRU, **_TRAIN, **_TORCH}, mean=4.0, least=1.2),
        Bar(f"RNN training vs torch.nn, {name}", {**which, **_RNN, **_TRAIN, **_TORCH}, mean=3.0, least=0.95),
        Bar(f"LSTM training vs torch.nn, {name}", {**which, **_LSTM, **_TRAIN, **_TORCH}, mean=1.4, least=0.95),
        Bar(f"training vs XLA, {name}", {**which, **_TRAIN, **_XLA}, mean=1.5, least=1.0),
        Bar(f"RNN, GRU inference vs torch.nn, {name}", {**which, **both, **_INFER, **_TORCH}, mean=2.0, least=0.95),
        Bar(f"LSTM inference vs torch.nn, {name}", {**which, **_LSTM, **_INFER, **_TORCH}, mean=1.25, least=0.95),
        Bar(f"inference vs ONNX Runtime, {name}", {**which, **_INFER, **_ORT}, mean=1.3, least=0.95),
        Bar(f"the runtime vs ONNX Runtime, {name}", {**which, **_INFER, **_PACKED}, mean=1.3, least=0.95),
    ]


LAYERS = [
    *_dense(PLAIN, "one layer"),
    *_dense(STACKED, "stacks"),
    Bar("ragged vs torch.nn packed", {"ragged": (True,), "rival": ("torch.nn packed",)}, mean=3.5, least=1.5),
    Bar(
        "ragged time / (token share x dense), B >= 32",
        {"ragged": (True,), "rival": ("ours, dense",)},
        most=1.15,
        of="cost",
    ),
]
PEAK = [Bar("B64 H512 training / the same run's sgemm rate", {}, least=0.95, of="fraction")]
_TIMED = {"mode": ("train", "infer")}
INSPECT = Bar("inspect / a training forward", {"mode": ("look",)}, most=1.05, of="cost")


def variants(names: Sequence[str]) -> list[Bar]:
    """The bars of every variant, apart: what it adds to the plain cell, and what it takes from a loop in torch."""
    rows = {name: {**_TIMED, "variant": (name,)} for name in names}
    cost = [Bar(f"{name}: time / the plain cell's", where, most=1.5, of="cost") for name, where in rows.items()]
    loop = [Bar(f"{name} vs a torch loop", where, mean=4.0) for name, where in rows.items()]
    return [*cost, *loop, INSPECT]


def chosen(rows: Iterable[Row], where: Where) -> list[Row]:
    """The rows whose columns have one of the values asked for."""
    return [row for row in rows if all(row.get(column) in values for column, values in where.items())]


def judge(bars: Sequence[Bar], rows: Sequence[Row]) -> list[Verdict]:
    """Every bar with what its rows came to."""
    return [_judged(bar, chosen(rows, bar.where)) for bar in bars]


def _judged(bar: Bar, rows: list[Row]) -> Verdict:
    if not rows:
        return Verdict(bar, 0, None, None, None)
    mean = geometric_mean([row[bar.of] for row in rows])
    worst = max(rows, key=lambda row: row[bar.of]) if bar.most is not None else min(rows, key=lambda row: row[bar.of])
    met = (
        (bar.mean is None or mean >= bar.mean)
        and (bar.least is None or worst[bar.of] >= bar.least)
        and (bar.most is None or worst[bar.of] <= bar.most)
    )
    return Verdict(bar, len(rows), mean, worst, met)


def asked(bar: Bar) -> str:
    """The bar in words: what its rows must reach."""
    parts = (("mean >=", bar.mean), ("each >=", bar.least), ("each <=", bar.most))
    return ", ".join(f"{word} {value:g}" for word, value in parts if value is not None)


def said(verdict: Verdict) -> str:
    """One word."""
    return {True: "met", False: "missed", None: "not measured"}[verdict.met]


def table(verdicts: Sequence[Verdict], name_of: Any) -> str:
    """The verdicts as lines for people; ``name_of(row)`` names the worst row."""
    lines = [f"{'bar':52}{'asked':28}{'rows':>5}{'mean':>8}{'worst':>8}  verdict"]
    for verdict in verdicts:
        if verdict.worst is None:
            continue
        figures = f"{verdict.rows:5d}{verdict.mean:8.2f}{verdict.worst[verdict.bar.of]:8.2f}"
        where = f"  ({name_of(verdict.worst)})"
        lines.append(f"{verdict.bar.what:52}{asked(verdict.bar):28}{figures}  {said(verdict)}{where}")
    return "\n".join(lines)
