"""Times with nanoseconds in the columns of a frame: Python's times and durations end at microseconds."""

from __future__ import annotations

from typing import Any


def exact(column: Any) -> Any:
    """Return a polars column of times as ISO 8601 texts, or one of durations as whole nanoseconds, if one of its values
    has nanoseconds; any other column as it is.
    """
    kind = str(getattr(column, "dtype", ""))
    if kind.startswith("Duration(time_unit='ns'"):
        count = column.dt.total_nanoseconds()
        return column if (count % 1000 == 0).all() else count
    if kind != "Time" and not kind.startswith("Datetime(time_unit='ns'"):
        return column
    if (column.dt.nanosecond() % 1000 == 0).all():
        return column
    zone = "%:z" if getattr(column.dtype, "time_zone", None) else ""
    return column.dt.strftime(("" if kind == "Time" else "%Y-%m-%dT") + "%H:%M:%S%.9f" + zone)
