"""Normal forms against the standard's own examples, and as a law over any text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.checks.spellings import check_spellings
from anaphora.data.text.normal_form import normal, spellings


@pytest.mark.parametrize(
    ("typed", "composed"),
    [
        ("\u0044\u0307", "\u1e0a"),  # UAX 15, figure 5 and table 1
        ("\u212b", "\u00c5"),
        ("\u1100\u1161", "\uac00"),
        ("\ufb01", "\ufb01"),  # a compatibility character stays
        ("abc", "abc"),
    ],
)
def test_composed_as_the_standard_says(typed: str, composed: str) -> None:
    assert normal(typed, "nfc") == composed
    assert normal(typed, "none") == typed


@given(st.lists(st.text("eE\u0301\u00e9a", max_size=3), max_size=8))
def test_groups_hold_every_text_that_differs_as_typed(texts: list[str]) -> None:
    groups = spellings(texts)
    grouped = {text for group in groups for text in group}
    for text in set(texts):
        alike = {other for other in texts if unicodedata.normalize("NFD", other) == unicodedata.normalize("NFD", text)}
        assert (text in grouped) == (len(alike) > 1)
    assert len(grouped) == sum(map(len, groups))


def test_a_finding_names_the_first_groups_and_counts_all() -> None:
    texts = [form for letter in "aeiouy" for form in (letter + "\u0301", normal(letter + "\u0301", "nfc"))]
    (finding,) = check_spellings(texts, "tags", "the data")
    assert finding.count == 6
    assert finding.message.startswith('6 of the tags are typed with different characters that look alike: "a\\u0301"')
    assert finding.message.endswith("; and 1 more.")
    assert check_spellings(["a", "b", "\u00e9"], "tags", "the data") == []
