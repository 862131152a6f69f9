"""Sentences about people, places and dates from a small grammar: unlimited data with known tags.

    Ann  Kolbury  flies  to  New    Ostham  on  3       May     .
    PER  PER             →   PLACE  PLACE       DATE    DATE

Names are made of syllables, so that a sentence of another seed holds names never seen; and a surname may be a place's
name as well, told apart by its neighbours before or after it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST = ("Ann", "Ben", "Clara", "David", "Emma", "Fritz", "Grace", "Hugo", "Ida", "Jan", "Karin", "Leo", "Mara", "Nils")
SYLLABLES = ("al", "ber", "cor", "dan", "el", "fen", "gar", "hol", "kol", "lin", "mar", "nor", "ost", "pel", "ros",
             "sil", "tor", "ul", "ver", "wil")  # fmt: skip
ENDINGS = ("bury", "ham", "ton", "ford", "stein", "au")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
WAYS = (
    "PER flies to PLACE on DATE .",
    "on DATE , PER met PER in PLACE .",
    "NAME is a town near PLACE .",
    "NAME is a doctor from PLACE .",
    "the mayor of PLACE thanked PER .",
    "has PER been to PLACE since DATE ?",
    "NAME said it rained in PLACE .",
    "NAME said that town was lovely .",
    "two nights in PLACE , please , from DATE .",
    "PER and PER left PLACE after DATE .",
    "nobody knew where they were .",
    "the train to PLACE leaves in MONTH .",
)
_NAMES = {"NAME is a town": "PLACE", "NAME is a doctor": "PER", "NAME said": "PER"}


def sentences(count: int, seed: int = 0) -> list[tuple[list[str], list[str]]]:
    """Yield sentences: words with their tags.

    >>> for words, tags in sentences(2):
    ...     print(" ".join(words), "|", " ".join(tags))
    Alwilford said it rained in Port Wilholham . | B-PER O O O O B-PLACE I-PLACE O
    two nights in Corberton , please , from 30 September . | O O O B-PLACE O O O O B-DATE I-DATE O
    """
    rng = random.Random(seed)
    return [_sentence(rng) for _ in range(count)]


def columns(rows: list[tuple[list[str], list[str]]]) -> str:
    """Return sentences as the text of a file of columns.

    >>> columns([(["Hello", "Ann"], ["O", "B-PER"])])
    'Hello\\tO\\nAnn\\tB-PER\\n\\n'
    """
    return "".join("".join(f"{word}\t{tag}\n" for word, tag in zip(*row, strict=True)) + "\n" for row in rows)


def _sentence(rng: random.Random) -> tuple[list[str], list[str]]:
    way = rng.choice(WAYS)
    name = next((kind for start, kind in _NAMES.items() if way.startswith(start)), "")
    kinds: dict[str, tuple[str, Callable[[random.Random], list[str]]]] = {
        "NAME": (name, lambda rng: [_name(rng)]),
        "PER": ("PER", _person),
        "PLACE": ("PLACE", _place),
        "DATE": ("DATE", lambda rng: [str(rng.randint(1, 30)), *_month(rng)]),
        "MONTH": ("DATE", _month),
    }
    words: list[str] = []
    tags: list[str] = []
    for part in way.split():
        kind, made = kinds.get(part, ("", lambda rng, part=part: [part]))
        span = made(rng)
        words += span
        tags += [f"{'I' if at else 'B'}-{kind}" if kind else "O" for at in range(len(span))]
    return words, tags


def _name(rng: random.Random) -> str:
    return ("".join(rng.choices(SYLLABLES, k=rng.choice((1, 2)))) + rng.choice(ENDINGS)).capitalize()


def _person(rng: random.Random) -> list[str]:
    first, last = rng.choice(FIRST), _name(rng)
    return rng.choice([[first], [last], [first, last]])


def _place(rng: random.Random) -> list[str]:
    return [*rng.choice([[], [], ["New"], ["Port"]]), _name(rng)]


def _month(rng: random.Random) -> list[str]:
    return [rng.choice(MONTHS), *rng.choice([[], [str(rng.randint(1950, 2050))]])]
