"""Attention pictures: each cell has its weight as shade, number and title; words of any script fit; both modes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from anaphora.report.attention import MOST, AttentionMap, Gallery, alone, drawn
from anaphora.report.style import DARK, LIGHT

SVG = "{http://www.w3.org/2000/svg}"
WEIGHTS = np.array([[0.9, 0.06, 0.04, 0], [0, 1, 0, 0], [0.25] * 4], np.float32)
LOOKED = AttentionMap(("The", " cat", " <&\"'>", ""), ("Die", " Katze", ""), WEIGHTS)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def test_each_cell_has_its_weight() -> None:
    cells = parsed(drawn(LOOKED)).findall(f"{SVG}g")
    assert len(cells) == LOOKED.weights.size
    for cell, weight in zip(cells, LOOKED.weights.ravel().tolist(), strict=True):
        title, box, number = cell.find(f"{SVG}title"), cell.find(f"{SVG}rect"), cell.find(f"{SVG}text")
        assert title is not None
        assert box is not None
        assert str(title.text).endswith(f": {weight:.3f}")
        assert box.get("class") == f"s{max(round(10 * weight), 1 if weight else 0)}"
        assert (None if number is None else number.text) == (f"{weight:.2f}" if weight >= 0.1 else None)
    assert [cell.findtext(f"{SVG}title") for cell in cells][2:5:2] == ["Die ← <&\"'>: 0.040", "Katze ← The: 0.000"]


def test_there_is_a_scale_a_caption_and_words_for_a_screen_reader() -> None:
    root = parsed(drawn(LOOKED))
    scale = [box.get("class") for box in root.findall(f"{SVG}rect")]
    assert scale == [f"s{step}" for step in range(11)]
    texts = [str(text.text) for text in root.findall(f"{SVG}text")]
    assert texts[7:12] == ["0", "0.25", "0.5", "0.75", "1"]
    assert texts[12:] == [
        "Rows: symbols of the translation.",
        "Columns: symbols of the source.",
        "Numbers: weights from 0.10; a row adds up to 1.",
    ]
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Attention from 'Die Katze' to 'The cat <&\"\\'>'"
    assert "Katze looks at cat with weight 1.00" in str(root.findtext(f"{SVG}desc"))


def test_a_file_of_its_own_follows_light_and_dark() -> None:
    style = str(parsed(alone(LOOKED)).findtext(f"{SVG}style"))
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
    for colours, rules in ((LIGHT, light), (DARK, dark)):
        assert f".ground {{ fill: {colours['card']}; }}" in rules
        assert f"fill: {colours['ink']};" in rules
        assert f".s10 {{ background: {colours['shade-10']}; fill: {colours['shade-10']}; }}" in rules


@pytest.mark.parametrize("word", ["a", "科学技術", "שלום", "W" * 60, "👍🏽", "e\u0301" * 9])
def test_names_stay_inside_the_picture(word: str) -> None:
    """A letter of this font is 0.6 of its size wide, and a wide character twice as wide as a letter."""
    looked = AttentionMap((word, ""), (word, ""), np.full((2, 2), 0.5, np.float32))
    root = parsed(drawn(looked))
    width, height = float(str(root.get("width"))), float(str(root.get("height")))
    above = next(text for text in root.findall(f"{SVG}text") if text.get("transform"))
    beside = next(text for text in root.findall(f"{SVG}text") if text.get("text-anchor") == "end")
    columns = sum(2 if character in "科学技術👍" else 1 for character in str(above.text) if character != "\u0301")
    _, bottom = map(float, re.findall(r"translate\(([\d.]+),([\d.]+)\)", str(above.get("transform")))[0])
    assert 12 * 0.6 * min(columns, 24) <= min(bottom, float(str(beside.get("x"))))
    for cell in root.iter(f"{SVG}rect"):
        assert float(str(cell.get("x"))) + float(str(cell.get("width"))) <= width
        assert float(str(cell.get("y"))) + float(str(cell.get("height"))) <= height
    for text in root.findall(f"{SVG}text"):
        if text.get("class") == "small":
            assert float(str(text.get("x"))) + 11 * 0.6 * len(str(text.text)) <= width


def test_a_page_scrolls_long_sentences_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "a.html")
    for _ in range(MOST + 5):
        gallery.add(LOOKED)
    gallery.write()
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.count('<div class="scroll" tabindex="0"><svg') == text.count("<svg") == MOST
    assert f"{MOST} translations of {MOST + 5}; a page shows at most {MOST}" in text
    assert '<bdi dir="auto">The cat &lt;&amp;&quot;&#x27;&gt;</bdi> → <bdi dir="auto">Die Katze</bdi>' in text
    assert "prefers-color-scheme: dark" in text
