"""Reviews from a small grammar whose label depends on the order of their words: a bag of words cannot classify them."""

from __future__ import annotations

import json

from anaphora.tasks.base.demo import Demo, Say, Shown

REVIEWS = 4_000
OTHERS = (
    "the soup was good , but the bill was not all that fair",
    "although the bill was not all that fair , the soup was good",
    "the film was not bad",
)


def _data() -> str:
    from anaphora.tasks.classify.grammar import reviews

    return "".join(json.dumps({"text": text, "label": verdict}) + "\n" for text, verdict in reviews(REVIEWS))


def _show(shown: Shown, say: Say) -> None:
    say("\nPredictions for new reviews; the first two consist of the same words:\n\n")
    for text, prediction in zip(OTHERS, shown.model.predictions(list(OTHERS)), strict=True):
        say(f"  {prediction.labels[0]:<9} {prediction.probabilities[0]:.3f}  {text}\n")


DEMO = Demo(
    summary="Reviews from a small grammar; the label depends on the order of the words.",
    help="""Train a small classifier on generated reviews whose label depends on the order of their words.

    The demo downloads nothing. It writes the model, its reviews, and a folder with the records of the run.
    """,
    ending=".jsonl",
    options=(
        "--valid", "0.25", "--epochs", "6", "--evaluations", "6", "--batch", "32", "--learning-rate", "0.01",
        "--unk-dropout", "0", "--embedding-dropout", "0", "--output-dropout", "0.1",
    ),
    data=_data,
    about=f"Data: {REVIEWS:,} reviews of a small grammar in {{data}}; a quarter is held out.",
    show=_show,
    next=(
        "echo 'the plot was weak , even if the ending was great' | anaphora run {model}",
        "anaphora eval {model} {data}",
        "anaphora train classify YOUR_DATA.csv --minutes 10",
    ),
)  # fmt: skip
