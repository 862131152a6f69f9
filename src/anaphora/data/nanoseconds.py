"""Times with nanoseconds in the columns of a frame: Python's times end at microseconds."""

from __future__ import annotations

from typing import Any


def exact(column: Any) -> Any:
    """Return a polars column of times as ISO 8601 texts if one of them has nanoseconds; any other column as it is."""
    if not str(getattr(column, "dtype", "")).startswith("Datetime(time_unit='ns'"):
        return column
    if (column.dt.nanosecond() % 1000 == 0).all():
        return column
    return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.9f" + ("%:z" if column.dtype.time_zone else ""))
