"""The confusion matrix: numbers, and shades by the share of a row."""

from __future__ import annotations

import re

from anaphora.report import document
from anaphora.runs.content import ConfusionMatrix

LABELS = ("a <label>", "b", "none")
COUNTS = ((60, 40, 0), (1, 1999, 0), (0, 0, 0))


def test_a_cell_is_shaded_by_its_share_of_the_row() -> None:
    text = document.part(ConfusionMatrix(LABELS, COUNTS))
    cells = re.findall(r'<td class="number s(\d+)( right)?" title="([^"]*)">([\d,]+)</td>', text)
    assert [(int(shade), count) for shade, _, _, count in cells] == [
        (6, "60"), (4, "40"), (0, "0"), (1, "1"), (10, "1,999"), (0, "0"), (0, "0"), (0, "0"), (0, "0"),
    ]  # fmt: skip
    assert [at for at, cell in enumerate(cells) if cell[1]] == [0, 4, 8]
    assert cells[1][2] == "a &lt;label&gt; predicted as b: 40%"
    assert text.count("<i class=") == 11
    assert "0 % <span" in text
    assert "100 % of a row" in text
