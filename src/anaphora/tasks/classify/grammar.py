"""Short reviews from a small grammar: unlimited data whose label depends on the order of words.

    the soup was good , but the bill was not really fair    negative: what comes after "but" decides
    although the bill was not fair , the soup was good      positive: not what "although" grants

Both reviews may consist of the same words, so counts of words do not determine the label; their order does.
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
    """Yield reviews, each with its label.

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
    """Return a clause about one thing; half of the clauses deny the opposite word."""
    denied = rng.random() < 0.5
    word = rng.choice(GOOD if verdict != denied else BAD)
    said = ["the", rng.choice(THINGS), rng.choice(("was", "seemed")), rng.choice(DENIED if denied else AMOUNTS), word]
    return " ".join(part for part in said if part)
