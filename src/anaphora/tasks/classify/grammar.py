"""Short reviews out of a small grammar: endless data to try the task with, whose verdict hangs on the order of words.

    the soup was good , but the bill was not really fair    negative: what comes after "but" decides
    although the bill was not fair , the soup was good      positive: not what "although" grants

Both may hold the same words, so no count of them tells the verdict; who reads in order can.
"""

from __future__ import annotations

import random

THINGS = ("soup", "bread", "music", "bill", "room", "view", "waiter", "film", "ending", "plot", "book", "story", "bed")
GOOD = ("good", "great", "lovely", "fair", "superb", "charming", "fine", "splendid")
BAD = ("bad", "awful", "dull", "poor", "dreadful", "boring", "weak", "disappointing")
AMOUNTS = ("", "really", "very", "quite")
DENIED = ("not", "not really", "not very", "not all that", "not even")
VERDICTS = ("negative", "positive")


def reviews(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """So many reviews, each with its verdict.

    >>> for text, verdict in reviews(2):
    ...     print(verdict, "|", text)
    positive | whatever one says , the soup seemed quite fine
    negative | whatever one says , the plot seemed not even great
    """
    rng = random.Random(seed)
    return [_review(rng) for _ in range(count)]


def _review(rng: random.Random) -> tuple[str, str]:
    verdict = rng.randrange(2)
    decides, other = _clause(rng, verdict), _clause(rng, rng.randrange(2))
    text = rng.choice(
        (
            f"{other} , but {decides}",
            f"although {other} , {decides}",
            f"{decides} , although {other}",
            f"{decides} , even if {other}",
            f"whatever one says , {decides}",
        )
    )
    return text, VERDICTS[verdict]


def _clause(rng: random.Random, verdict: int) -> str:
    """A thing and what it was; half of the time the opposite word, denied."""
    denied = rng.random() < 0.5
    word = rng.choice(GOOD if verdict != denied else BAD)
    said = ["the", rng.choice(THINGS), rng.choice(("was", "seemed")), rng.choice(DENIED if denied else AMOUNTS), word]
    return " ".join(part for part in said if part)
