"""Options of `run` and of `eval` that several tasks have."""

from __future__ import annotations

from anaphora.config import no_effect
from anaphora.tasks.base.declaration import Option

TOP = Option(
    "top",
    int,
    None,
    "K",
    "Show the K most probable labels of a line, tag sequences of a sentence, or words for a gap."
    "  [default: 1; fill: 5]",
    least=1,
)
DRAWING = (
    Option(
        "temperature",
        float,
        None,
        "X",
        "Sampling temperature: below 1 more predictable, above 1 more varied; 0 takes the most probable unit."
        "  [default: 0.8; translate: 1.0]",
    ),
    Option("top_k", int, 0, "K", "Top-k sampling: sample from the K most probable units; 0: from all units."),
    Option(
        "top_p",
        float,
        1.0,
        "P",
        "Nucleus sampling: sample from the most probable units whose probabilities add up to P.",
    ),
    Option(
        "seed",
        int,
        None,
        "N",
        "Random seed; the same seed gives the same text. Not set: another text each time.",
        least=0,
    ),
)
ONE_CHOICE = (
    no_effect(("top_k", "top_p", "seed"), "temperature", 0),
    no_effect(("temperature", "top_p", "seed"), "top_k", 1),
)
"""With these, the most probable unit is the only choice."""
BASELINE_TEXT = Option(
    "baseline_text",
    str,
    None,
    "TEXT",
    "Training text of the baseline, which counts n-grams or words in it. May be repeated.",
    many=True,
)
