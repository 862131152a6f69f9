"""The verdict on a network beside its baseline: better, level or worse, by the deciding metric and its interval.

    better, worse    the 95 % interval of (network − baseline), of both on the same units, does not include 0
    level            otherwise

The first result is that of the deciding metric. The others are named, and never decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anaphora.formatting import counted
from anaphora.metrics.bootstrap import Interval
from anaphora.runs.content import FEWEST, Result
from anaphora.runs.sample import Sample

HELD_OUT, TEST = "On the held-out part, the", "On the test part, the"  # the beginning of a sentence
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
            unit=network.unit,
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
    >>> accuracy = Result("accuracy", "", 0.75, 0.5, "a", False, difference=Interval(0.21, 0.28), own="classifier")
    >>> sentence([accuracy])
    'The classifier is better than a: accuracy 0.7500 against 0.5000, difference 0.2500 (95 % interval 0.21 to 0.28).'
    """
    first, *others = results
    if first.verdict is None:
        return ""
    said = [_compared(first)]
    said += [f"{one.called} {one.value:.4f} against {one.baseline:.4f}" for one in others if one.verdict is not None]
    return f"{begins} {first.own} is {WORDS[first.verdict]} {first.beat}: {'; '.join(said)}.{_too_few(first)}"


def _compared(result: Result) -> str:
    """Return both figures of a result with the interval that gives the verdict."""
    assert result.value is not None
    assert result.baseline is not None
    value, baseline = f"{result.called} {result.value:.4f}", f" against {result.baseline:.4f}"
    if result.difference is not None:
        apart = result.value - result.baseline
        return f"{value}{baseline}, difference {apart:.4f} (95 % interval {ends(result.difference)})"
    return f"{value}{'' if result.interval is None else f' (95 % interval {ends(result.interval)})'}{baseline}"


def _too_few(result: Result) -> str:
    """Return a sentence if a result is level because network and baseline differ on too few units; else nothing."""
    few = result.units is not None and result.units < FEWEST
    if not few or result.verdict != "level" or result.value == result.baseline:
        return ""
    tell = "tells" if result.units == 1 else "tell"
    return f" Only {counted(result.units or 0, result.unit)} {tell} them apart: another verdict needs {FEWEST}."


def notes(results: Sequence[Result], remedy: str) -> list[str]:
    """Return the verdict on the held-out part as a note, with a remedy if the network is worse; without a verdict
    none.
    """
    said = sentence(results, HELD_OUT)
    return [f"{said} {remedy}" if results[0].verdict == "worse" else said] if said else []


def ends(interval: Interval) -> str:
    """Return both ends of an interval in three digits.

    >>> ends(Interval(0.79012, 0.8))
    '0.79 to 0.8'
    """
    return f"{interval.low:.3g} to {interval.high:.3g}"


def intervals_line(sample: Sample | None) -> list[str]:
    """Return the intervals of a score's figures as one line, which says so if one unit gives none; none without units.

    >>> from anaphora.runs.sample import Figure
    >>> shares = {"accuracy": Figure(lambda sums: sums[:, 0] / sums[:, 1])}
    >>> intervals_line(Sample([[2, 4], [3, 4]] * 50, shares, "sentence"))
    ['  95 % intervals over 100 sentences: accuracy 0.6 to 0.65']
    >>> intervals_line(Sample([[2, 4]], shares, "sentence"))
    ['  no 95 % interval: the score is of 1 sentence, and an interval needs several']
    """
    if sample is None or not len(sample):
        return []
    units = counted(len(sample), sample.unit)
    said = ", ".join(f"{name} {ends(interval)}" for name, interval in sample.intervals.items())
    if len(sample) == 1:
        return [f"  no 95 % interval: the score is of {units}, and an interval needs several"]
    return [f"  95 % intervals over {units}: {said}"] if said else []
