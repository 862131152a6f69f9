"""A confusion matrix on a page: each cell has its number, and is darker for a larger share of the rows of its label."""

from __future__ import annotations

from html import escape

from anaphora.report.shades import STEPS, step
from anaphora.runs.content import ConfusionMatrix

_SCALE = "".join(f'<i class="s{number}"></i>' for number in range(STEPS + 1))
_ABOUT = (
    "Rows: label in the data. Columns: predicted label. A cell has the number of rows, and its shade is their share of"
    " the rows with that label. Correct predictions are underlined."
)


def table(matrix: ConfusionMatrix) -> str:
    """Return the matrix as a table below a sentence about it, and above the scale of the shades."""
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in matrix.labels)
    rows = "".join(_row(matrix, at) for at in range(len(matrix.labels)))
    return (
        f'<p>{_ABOUT}</p><div class="scroll" tabindex="0"><table class="confusion">'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        f'<p class="scale">0 % <span role="img" aria-label="scale of the shades">{_SCALE}</span> 100 % of a row</p>'
    )


def _row(matrix: ConfusionMatrix, at: int) -> str:
    label, counts = escape(matrix.labels[at]), matrix.counts[at]
    cells = []
    for other, count in enumerate(counts):
        share = count / (sum(counts) or 1)
        title = f"{label} predicted as {escape(matrix.labels[other])}: {share:.0%}"
        right = " right" if other == at else ""
        cells.append(f'<td class="number s{step(share)}{right}" title="{title}">{count:,}</td>')
    return f'<tr><th scope="row">{label}</th>{"".join(cells)}</tr>'
