"""Names and dates in sentences from a small grammar."""

from __future__ import annotations

from anaphora.tasks.base.demo import Demo, Say, Shown

SENTENCES = 2_000
SEED = 7  # of sentences that are only shown


def _data() -> str:
    from anaphora.tasks.tag.grammar import columns, sentences

    return columns(sentences(SENTENCES))


def _show(shown: Shown, say: Say) -> None:
    from anaphora.tasks.tag.grammar import sentences

    others = [words for words, _ in sentences(6, SEED)]
    say("\nTags predicted for new sentences, with the probability that all tags of the sentence are right:\n\n")
    for words, (found, *_) in zip(others, shown.model.several(others, 1), strict=True):
        marked = [word if tag == "O" else f"{word}/{tag}" for word, tag in zip(words, found.tags, strict=True)]
        say(f"  {found.probability:.3f}  {' '.join(marked)}\n")


DEMO = Demo(
    summary="Sentences from a small grammar, with people, places and dates.",
    help="""Train a small tagger on generated sentences about people, places and dates, and tag new sentences.

    The demo downloads nothing. It writes the model, its sentences, and a folder with the records of the run.
    """,
    ending=".conll",
    options=("--valid", "0.2", "--epochs", "6", "--evaluations", "6", "--learning-rate", "0.01", "--batch", "16"),
    data=_data,
    about=f"Data: {SENTENCES:,} sentences of a small grammar in {{data}}; a fifth is held out.",
    show=_show,
    next=(
        "echo 'Berta said that town was lovely .' | anaphora run {model} --top 2",
        "anaphora eval {model} {data}",
        "anaphora train tag YOUR_DATA.conll --minutes 10",
    ),
)
