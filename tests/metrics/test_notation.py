"""Spans in any scheme and notation: against readers of every scheme told again by hand, over random spans."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.metrics.notation import USUAL, Marking, Notation, marking, marking_like
from anaphora.metrics.spans import SCHEMES, Span, spans, tags_of

NOTATIONS = [
    Notation(separator, suffix, lower, outside)
    for separator in "-_:"
    for suffix in (False, True)
    for lower in (False, True)
    for outside in ("O", "o", "_", "-")
]


def written_by_hand(whole: Sequence[Span], length: int, scheme: str, notation: Notation) -> list[str]:
    """The tags of spans, word by word, from the definition of each scheme."""

    def letter(at: int, span: Span) -> str:
        first, last = at == span.begin, at == span.end - 1
        touched_before = any(other.end == span.begin and other.type == span.type for other in whole)
        touched_after = any(other.begin == span.end and other.type == span.type for other in whole)
        if scheme == "iob2":
            return "B" if first else "I"
        if scheme == "iob1":
            return "B" if first and touched_before else "I"
        if scheme == "ioe2":
            return "E" if last else "I"
        if scheme == "ioe1":
            return "E" if last and touched_after else "I"
        single, end = {"iobes": "SE", "bmes": "SE", "bilou": "UL", "bmewo": "WE"}[scheme]
        inside = "M" if scheme in ("bmes", "bmewo") else "I"
        return single if first and last else "B" if first else end if last else inside

    tags = []
    for at in range(length):
        span = next((span for span in whole if span.begin <= at < span.end), None)
        if span is None:
            tags.append(notation.outside)
            continue
        mark = letter(at, span).lower() if notation.lower else letter(at, span)
        tags.append(f"{span.type}{notation.separator}{mark}" if notation.suffix
                    else f"{mark}{notation.separator}{span.type}")  # fmt: skip
    return tags


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[Span], int]:
    at, whole = 0, list[Span]()
    for _ in range(draw(st.integers(0, 4))):
        begin = at + draw(st.integers(0, 2))
        at = begin + draw(st.integers(1, 4))
        whole.append(Span(begin, at, draw(st.sampled_from(["PER", "LOC-X", "b_c"]))))
    return whole, at + draw(st.integers(0, 2))


@given(sentences(), st.sampled_from(SCHEMES), st.sampled_from(NOTATIONS))
def test_spans_are_read_and_written_in_any_scheme_and_notation(
    sentence: tuple[list[Span], int], scheme: str, notation: Notation
) -> None:
    whole, length = sentence
    wanted = written_by_hand(whole, length, scheme, notation)
    known = Marking(scheme, notation)
    assert spans(known.plain(wanted)) == whole
    assert [known.written(tag) for tag in tags_of(whole, length, scheme)] == wanted


SHOWING = [  # spans that tell the schemes apart
    [Span(0, 1, "PER"), Span(1, 2, "PER"), Span(3, 6, "LOC"), Span(6, 8, "LOC")],
    [Span(1, 4, "PER"), Span(5, 6, "LOC")],
]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_scheme_and_notation_are_detected_whatever_else_stands_there(scheme: str) -> None:
    for notation in NOTATIONS:
        rows = [written_by_hand(whole, 9, scheme, notation) for whole in SHOWING] * 30
        rows.append([notation.outside, "nonsense", notation.outside])
        found = marking(rows)
        assert found == Marking(scheme, notation, frozenset({"nonsense"}))
        assert [spans(found.plain(row)) for row in rows[:2]] == SHOWING
        assert found.plain(rows[-1]) == ("O", "O", "O")


@pytest.mark.parametrize(
    ("rows", "scheme"),
    [
        (["B M E S", "S"], "bmes"),  # words of Chinese text
        (["b m e s", "s"], "bmes"),
        (["NN-B NN-I", "NN-B VB-B"], "iob2"),
        (["I-X I-X E-X", "I-X E-X"], "ioe2"),
        (["v3sria--- n-s---mn- l-s---fn-", "m-p---mn- u--------"], "none"),  # positions of Greek morphology
        (["NN S VB", "M S"], "none"),
        (["M S", "E B"], "none"),
        (["adv-s adj-s", "noun-p"], "none"),
        (["B-X I-X", "B"], "none"),
    ],
)
def test_tags_that_look_like_spans_and_those_that_are(rows: list[str], scheme: str) -> None:
    assert marking([row.split() for row in rows]).scheme == scheme


def test_an_odd_tag_among_many_is_named_and_all_others_stay_spans() -> None:
    rows = [["B-PER", "I-PER", "O"]] * 50 + [["PER", "O"], ["B", "0"]]
    found = marking(rows)
    assert found == Marking("iob2", USUAL, frozenset({"PER", "B", "0"}))
    assert found.plain(["B-PER", "PER"]) == ("B-PER", "O")


def test_a_rare_mark_of_a_word_outside_is_odd() -> None:
    rows = [["B-PER", "O", "O"]] * 50 + [["-", "O"]]
    assert marking(rows) == Marking("iob2", USUAL, frozenset({"-"}))
    assert marking([["B-PER", "O", "-"]] * 50).odd == frozenset()  # two marks, each of them frequent
    assert marking_like([["-", "-"]], Marking("iob2")).odd == frozenset()


def test_a_named_scheme_stays() -> None:
    rows = [["B_X", "I_X", "O"]] * 3
    assert marking(rows, "iob1") == Marking("iob1", Notation("_"))
    assert marking(rows, "none") == Marking("none")
    assert marking([["NOUN", "O"]], "iob2").odd == {"NOUN"}


def test_settings_hold_what_is_not_usual() -> None:
    assert USUAL.settings() == {}
    one = Notation(":", suffix=True, outside="_")
    assert one.settings() == {"separator": ":", "suffix": True, "outside": "_"}
    assert Notation.restore(one.settings()) == one
