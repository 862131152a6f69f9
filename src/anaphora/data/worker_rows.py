"""How the rows of a batch are dealt to the workers that train together."""

from __future__ import annotations


def share(rows: int, rank: int, ranks: int) -> slice:
    """The rows of a batch that are one worker's: neighbours, the first workers having one more where they don't divide.

    >>> [share(5, rank, 3) for rank in range(3)]
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    each, more = divmod(rows, ranks)
    begin = rank * each + min(rank, more)
    return slice(begin, begin + each + (rank < more))
