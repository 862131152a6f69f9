"""The distribution of the rows of a batch over the workers of a training."""

from __future__ import annotations


def share(rows: int, rank: int, ranks: int) -> slice:
    """Return the consecutive rows of one worker; the first workers get one row more if the rows do not divide evenly.

    >>> [share(5, rank, 3) for rank in range(3)]
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    each, more = divmod(rows, ranks)
    begin = rank * each + min(rank, more)
    return slice(begin, begin + each + (rank < more))
