"""Dates in everyday forms, translated to ISO 8601."""

from __future__ import annotations

from anaphora.tasks.base.demo import Demo, Say, Shown

PAIRS = 4_000
OTHERS = ("the twenty-ninth of February, 2000", "July 4, 1876", "9 Nov 1989", "Monday, 20.7.2099")


def _data() -> str:
    from anaphora.tasks.translate.dates import pairs

    return "".join(f"{line}\n" for line in ("source\ttarget", *map("\t".join, pairs(PAIRS))))


def _show(shown: Shown, say: Say) -> None:
    from anaphora.report.attention import Gallery

    gallery = Gallery(shown.page)
    say("\nTranslations of new dates:\n\n")
    for source, (found,) in zip(OTHERS, shown.model.translations(list(OTHERS)), strict=True):
        say(f"  {source:<36}  {found.text}\n")
        gallery.add(shown.model.attention(source, found))
    gallery.write()
    say(f"\nattention  {gallery.path}")


DEMO = Demo(
    summary="Dates in words, translated to ISO 8601.",
    help="""Train a small network that translates dates of any form to ISO 8601, and draw its attention.

    The demo downloads nothing. It writes the model, its pairs, a page of pictures, and a folder with the records.
    """,
    ending=".tsv",
    options=(
        "--embedding", "32", "--hidden", "64", "--embedding-dropout", "0", "--dropout", "0", "--output-dropout", "0",
        "--learning-rate", "0.01", "--epochs", "8", "--evaluations", "8",
    ),
    data=_data,
    about=f"Data: {PAIRS:,} dates in four forms, and as ISO 8601 has them, in {{data}}; one in twenty is held out.",
    show=_show,
    next=(
        "echo 'the first of May, 1886' | anaphora run {model} --beam 5 --n-best 3",
        "anaphora eval {model} {data}",
        "anaphora train translate YOUR.de YOUR.en --minutes 60",
    ),
    draws=True,
)  # fmt: skip
