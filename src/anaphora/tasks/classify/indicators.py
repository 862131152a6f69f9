"""Labels as a matrix: one column is read as the labels, and zeros and ones in a column per label are refused.

Read as lists of labels, the zeros and ones of one row would be two labels, 0 and 1, of every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anaphora.data import in_memory
from anaphora.errors import UsageError


def one_column(y: Any) -> Any:
    """Return the only column of an array (B, 1) or of a frame with one column, and any other labels as they are.

    Raises UsageError for a frame with several columns.
    """
    frame = in_memory.columns(y)
    if frame is not None:
        if len(frame) != 1:
            raise UsageError(
                f"The labels are a frame with the columns {', '.join(frame)}; expected one column with the label of"
                " each row."
            )
        return next(iter(frame.values()))
    shape: tuple[int, ...] = getattr(y, "shape", ())
    return y.reshape(-1) if len(shape) == 2 and shape[1] == 1 and hasattr(y, "reshape") else y


def refuse_indicators(labels: Sequence[Any]) -> None:
    """Raise UsageError if the labels of each row are equally many zeros and ones, two or more.

    >>> refuse_indicators([[0], [1], ["a", "b"]])
    """
    rows = [list(row) if isinstance(row, list | tuple) else [] for row in labels]
    widths = {len(row) for row in rows}
    if len(widths) != 1 or widths.pop() < 2 or not all(_is_bit(value) for row in rows for value in row):
        return
    remedy = (
        "y.argmax(1), which is one label per row"
        if all(sum(row) == 1 for row in rows)
        else "[row.nonzero()[0].tolist() for row in y], which is a list of labels per row"
    )
    raise UsageError(f"The labels are zeros and ones, one for each label: give {remedy}.")


def _is_bit(value: Any) -> bool:
    return isinstance(value, int | float) and value in (0, 1)
