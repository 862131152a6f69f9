"""The verdict on a network beside its baseline: better, level or worse, by the deciding metric and its interval.

    better, worse    the 95 % interval of (network − baseline), of both on the same units, does not include 0
    level            otherwise

The first result is that of the deciding metric. The others are named, and never decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from anaphora.metrics.bootstrap import Interval
from anaphora.runs.content import Result
from anaphora.runs.sample import Sample

WORDS = {"better": "better than", "level": "level with", "worse": "worse than"}


def with_intervals(results: Sequence[Result], network: Sample | None, baseline: Sample | None) -> tuple[Result, ...]:
    """Return results with the intervals that the units of the network's score give, and those of the baseline's."""
    if network is None:
        return tuple(results)
    differences = network.differences(baseline) if baseline is not None else {}
    units = len(network) if baseline is None else network.differing(baseline)
    return tuple(
        replace(
            each,
            interval=network.intervals.get(each.name),
            difference=differences.get(each.name) if each.baseline is not None else None,
            units=units,
        )
        if each.name in network.figures
        else each
        for each in results
    )


def sentence(results: Sequence[Result], begins: str = "The") -> str:
    """Return the verdict of the first result as a sentence that names the others, too; empty without a verdict.

    >>> bleu, chrf = Result("BLEU", "", 0.0, 0.0, "a copy", False), Result("chrF", "", 12.0, 3.5, "a copy", False)
    >>> sentence([bleu, chrf])
    'The network is level with a copy: BLEU 0.0000 against 0.0000; chrF 12.0000 against 3.5000.'
    """
    first, *others = results
    if first.verdict is None:
        return ""
    interval = "" if first.interval is None else f" (95 % interval {ends(first.interval)})"
    said = [f"{first.called} {first.value:.4f}{interval} against {first.baseline:.4f}"]
    said += [f"{one.called} {one.value:.4f} against {one.baseline:.4f}" for one in others if one.verdict is not None]
    return f"{begins} network is {WORDS[first.verdict]} {first.beat}: {'; '.join(said)}."


def notes(results: Sequence[Result], remedy: str) -> list[str]:
    """Return the verdict as a note, with a remedy if the network is worse; without a verdict none."""
    said = sentence(results)
    return [f"{said} {remedy}" if results[0].verdict == "worse" else said] if said else []


def ends(interval: Interval) -> str:
    """Return both ends of an interval in three digits.

    >>> ends(Interval(0.79012, 0.8))
    '0.79 to 0.8'
    """
    return f"{interval.low:.3g} to {interval.high:.3g}"


def intervals_line(intervals: Mapping[str, Interval]) -> list[str]:
    """Return the intervals of a score's figures as one line; none without an interval.

    >>> intervals_line({"accuracy": Interval(0.79, 0.831), "macro F1": Interval(0.71, 0.8)})
    ['  95 % intervals: accuracy 0.79 to 0.831, macro F1 0.71 to 0.8']
    """
    said = ", ".join(f"{name} {ends(interval)}" for name, interval in intervals.items())
    return [f"  95 % intervals: {said}"] if said else []
