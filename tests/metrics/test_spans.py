"""Spans by the rules of conlleval: against a second telling of that program, by hand, from any scheme to any other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from anaphora.metrics.spans import SCHEMES, Span, closed, detect, faults, follows, spans, written
from anaphora.metrics.tagging import measured

Rows = list[list[str]]


def conlleval(truth: Rows, guess: Rows) -> tuple[int, int, int]:
    """Right, guessed and true spans as the shared task's program counts them: word by word, with what it remembers of
    the word before, knowing B, I, O and E.
    """

    def ends(one: str, other: str, kind: str, next_kind: str) -> bool:
        pairs = [("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("E", "E"), ("E", "I"), ("E", "O")]
        return (one, other) in pairs or (one not in "O." and kind != next_kind)

    def begins(one: str, other: str, kind: str, next_kind: str) -> bool:
        pairs = [("B", "B"), ("I", "B"), ("O", "B"), ("O", "I"), ("E", "E"), ("E", "I"), ("O", "E")]
        return (one, other) in pairs or (other not in "O." and kind != next_kind)

    def apart(tag: str) -> tuple[str, str]:
        return (tag[0], tag[2:]) if tag[1:2] == "-" else (tag, "")

    right = guessed = there = 0
    for true_row, guessed_row in zip(truth, guess, strict=True):
        inside, last, last_guess = False, ("O", ""), ("O", "")
        for tag, own in [*zip(true_row, guessed_row, strict=True), ("O", "O")]:
            now, now_guess = apart(tag), apart(own)
            both = [(last[0], now[0], last[1], now[1]), (last_guess[0], now_guess[0], last_guess[1], now_guess[1])]
            over, over_guess = (ends(*each) for each in both)
            if inside and over and over_guess and last[1] == last_guess[1]:
                right, inside = right + 1, False
            elif inside and (over != over_guess or now[1] != now_guess[1]):
                inside = False
            new, new_guess = (begins(*each) for each in both)
            if new and new_guess and now[1] == now_guess[1]:
                inside = True
            there, guessed = there + new, guessed + new_guess
            last, last_guess = now, now_guess
    return right, guessed, there


def at_random(rng: np.random.Generator, letters: str, rows: int) -> Rows:
    tags = ["O", *(f"{letter}-{kind}" for letter in letters for kind in ("X", "Y"))]
    return [[tags[at] for at in rng.integers(len(tags), size=rng.integers(0, 9))] for _ in range(rows)]


@pytest.mark.parametrize("letters", ["BI", "BIE"])
def test_counts_are_those_of_conlleval(letters: str, rng: np.random.Generator) -> None:
    truth = at_random(rng, letters, 400)
    noise = at_random(rng, letters, 400)
    guess = [
        [other[at] if at < len(other) and rng.random() < 0.3 else tag for at, tag in enumerate(row)]
        for row, other in zip(truth, noise, strict=True)
    ]
    # where E stands before B of the same type the program begins no span, and no span of IOBES does without
    pairs = {(one, other) for rows in (truth, guess) for row in rows for one, other in itertools.pairwise(row)}
    odd = {pair for pair in pairs if pair[0][0] == "E" and pair[1] == f"B{pair[0][1:]}"}
    keep = [
        at for at in range(400)
        if not any(pair in odd for row in (truth[at], guess[at]) for pair in itertools.pairwise(row))
    ]  # fmt: skip
    assert len(keep) > 200
    truth, guess = [truth[at] for at in keep], [guess[at] for at in keep]
    found = measured(truth, guess).spans
    assert (found.right, found.predicted, found.support) == conlleval(truth, guess)
    assert 0 < found.right < found.predicted


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("I-X I-X", [(0, 2, "X")]),  # without B
        ("B-X I-Y I-Y", [(0, 1, "X"), (1, 3, "Y")]),  # another type begins another span
        ("O I-X B-X", [(1, 2, "X"), (2, 3, "X")]),
        ("B-X O I-X", [(0, 1, "X"), (2, 3, "X")]),
        ("B-X E-X I-X", [(0, 2, "X"), (2, 3, "X")]),  # E ends one
        ("B-X E-X B-X E-X", [(0, 2, "X"), (2, 4, "X")]),
        ("S-X S-X I-X", [(0, 1, "X"), (1, 2, "X"), (2, 3, "X")]),
        ("U-X B-X L-X", [(0, 1, "X"), (1, 3, "X")]),
        ("B I O B", [(0, 2, ""), (3, 4, "")]),
        ("B-X-Y I-X-Y", [(0, 2, "X-Y")]),
        ("B-X Z-X O", [(0, 2, "X")]),  # a letter that nobody knows goes on
        ("B-X . B-X", [(0, 1, "X"), (2, 3, "X")]),
        ("", []),
    ],
)
def test_spans_of_odd_rows(tags: str, expected: list[tuple[int, int, str]]) -> None:
    assert spans(tags.split()) == [Span(*span) for span in expected]


def test_any_scheme_becomes_any_other(rng: np.random.Generator) -> None:
    seen = {scheme: list[list[str]]() for scheme in SCHEMES}
    for row in at_random(rng, "BI", 200):
        whole = spans(row)
        for scheme in SCHEMES:
            tags = written(whole, len(row), scheme)
            assert spans(tags) == whole
            assert faults(tags, scheme) == []
            seen[scheme].append(tags)
    for scheme in SCHEMES:
        assert detect(seen[scheme]) == scheme


def test_tags_of_each_scheme_by_hand() -> None:
    whole = [Span(0, 1, "P"), Span(1, 4, "P"), Span(5, 6, "L")]
    assert written(whole, 7, "iob1") == ["I-P", "B-P", "I-P", "I-P", "O", "I-L", "O"]
    assert written(whole, 7, "iob2") == ["B-P", "B-P", "I-P", "I-P", "O", "B-L", "O"]
    assert written(whole, 7, "iobes") == ["S-P", "B-P", "I-P", "E-P", "O", "S-L", "O"]
    assert written(whole, 7, "bilou") == ["U-P", "B-P", "I-P", "L-P", "O", "U-L", "O"]


@pytest.mark.parametrize(
    ("rows", "scheme"),
    [
        (["B-X I-X O", "O B-Y"], "iob2"),
        (["I-X I-X O", "I-Y B-Y"], "iob1"),
        (["B-X I-X O", "O B-Y", "I-X"], "iob2"),  # one fault
        (["NOUN O VERB"], "none"),
        (["B I N"], "none"),
        (["O O"], "none"),
        (["I I O"], "none"),
        (["B I O"], "iob2"),
        (["B-X I-X", "B"], "none"),
        (["B-X L-X U-X"], "bilou"),
        (["-LRB- NN"], "none"),
    ],
)
def test_a_scheme_is_found_out(rows: list[str], scheme: str) -> None:
    assert detect([row.split() for row in rows]) == scheme


@pytest.mark.parametrize("scheme", ["iob2", "iobes"])
def test_what_follows_what_is_what_can_be_written(scheme: str, rng: np.random.Generator) -> None:
    possible = set()
    for row in at_random(rng, "BI", 3000):
        tags = ["O", *written(spans(row), len(row), scheme), "O"]
        possible |= set(itertools.pairwise(tags))
    tags = closed({"O", "B-X", "B-Y"}, scheme)
    assert tags[0] == "O"
    assert len(tags) == (9 if scheme == "iobes" else 5)
    for one in tags:
        for other in tags:
            assert follows(one, other, scheme) == ((one, other) in possible), (one, other)


def test_measures_by_hand() -> None:
    truth = [["B-P", "I-P", "O", "B-L"], ["O", "B-L"]]
    guess = [["B-P", "I-P", "O", "O"], ["B-P", "B-L"]]
    found = measured(truth, guess)
    assert (found.words, found.right, found.exact, found.sentences) == (6, 4, 0, 2)
    assert (found.spans.precision, found.spans.recall, found.spans.f1) == (2 / 3, 2 / 3, 2 / 3)
    assert found.per_type["L"].recall == 0.5
    assert found.per_type["P"].precision == 0.5
    assert found.per_tag["O"].f1 == 0.5
    assert found.confused == {("B-L", "O"): 1, ("O", "B-P"): 1}
    nothing = measured([], [])
    assert (nothing.accuracy, nothing.spans.f1) == (0.0, 0.0)
