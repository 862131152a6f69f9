"""Options of `run` and of `eval` that several tasks have."""

from __future__ import annotations

from anaphora.tasks.base.declaration import Option

TOP = Option(
    "top", int, None, "K", "Show the K likeliest labels of each line, rows of tags, or words of a gap.", least=1
)
DRAWING = (
    Option("temperature", float, None, "X", "Below 1 safer, above 1 bolder; 0 always takes the likeliest unit."),
    Option("top_k", int, 0, "K", "Draw among the K likeliest units only; 0: among all."),
    Option("top_p", float, 1.0, "P", "Draw among the likeliest units that reach this probability together."),
    Option(
        "seed", int, None, "N", "The same seed writes the same text; without one it is another every time.", least=0
    ),
)
FLOOR_FROM = Option(
    "floor_from",
    str,
    None,
    "TEXT",
    "The training text: counts what a text's score is compared with on it. May be given more than once.",
    many=True,
)
