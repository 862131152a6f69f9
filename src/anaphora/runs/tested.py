"""The figures of the final weights on the test part.

Nothing is chosen on the test part: neither the weights, nor the stopping point, nor a temperature. So its figures are
those that the model has on new data of the same kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anaphora.formatting import counted
from anaphora.runs.content import Result, judged_card
from anaphora.runs.verdict import ends


@dataclass(frozen=True)
class Tested:
    """The score of the test part beside its baseline; the first result decides.

    `count` is the number of scored examples, `unit` the singular of an example; `score` and `baseline` are the task's
    own, and `facts` are the figures for the model card. `known` of the scored examples equal a training example.
    """

    results: tuple[Result, ...]
    count: int
    unit: str
    score: Any
    baseline: Any
    facts: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    known: int = 0

    def line(self) -> str:
        """Return the figure that decides and its baseline, as one line of a report."""
        result = self.results[0]
        beside = "" if result.baseline is None else f", {result.beat} {result.baseline:.4f}"
        interval = "" if result.interval is None else f" (95 % interval {ends(result.interval)})"
        return f"test: {result.called} {result.value:.4f}{interval}{beside}, on {self.examples()}"

    def examples(self) -> str:
        """Return the scored examples in words, with those that equal a training example."""
        rows = counted(self.count, self.unit)
        if not self.known:
            return f"{rows} that training never used"
        return f"{rows}, of which {self.known:,} {'is' if self.known == 1 else 'are'} also in the training part"

    def card(self) -> dict[str, Any]:
        """Return the figures for the model card."""
        known = {"also_in_training": self.known} if self.known else {}
        return {"scored": self.count, "unit": self.unit, **known, **self.facts, **judged_card(self.results)}


def part_of_text(card: Mapping[str, Any], sha256: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the name and the figures of the part of a training that is the text with this digest, by a model card.

    >>> part_of_text({"held_out_sha256": "a1", "test": {"sha256": "b2", "gaps": 7}}, "b2")
    ('test', {'sha256': 'b2', 'gaps': 7})
    """
    test = card.get("test", {})
    known = {card.get("held_out_sha256"): ("held-out", card), test.get("sha256"): ("test", test)}
    return known.get(sha256)


def tested_of(values: Mapping[str, Any] | None) -> Tested | None:
    """Return the figures of the output of `dataclasses.asdict`, after JSON; None for None."""
    if values is None:
        return None
    results = tuple(Result.from_json(each) for each in values["results"])
    return Tested(**{**values, "results": results, "notes": tuple(values["notes"])})
