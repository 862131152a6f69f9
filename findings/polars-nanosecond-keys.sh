#!/usr/bin/env bash
# polars loses the rows of groups whose keys differ by less than a microsecond.
#
# Packages: polars 2.1.0. Python 3.11.
# Valid input: a frame with a column of times in nanoseconds, as sensors and Parquet files have them.
# Expectation: partition_by(..., as_dict=True) returns every row once, as it does without as_dict.
# Behaviour: keys of the dictionary are Python values, and datetime, timedelta and time end at microseconds. Keys that
# differ by nanoseconds alone become equal, and the last frame replaces the others: of 4 rows 2 are left, with no error
# and no warning. dict(frame.group_by(...)) loses the same rows. A filter by a value that came from the frame finds the
# rows of other values, because the comparison is made in microseconds.
# Remedy: group by the column as whole numbers, cast(Int64); partition without as_dict.
set -euo pipefail
source "$(dirname "$0")/steps"

install polars==2.1.0

program <<'END'
import polars as pl

start = 1_700_000_000_000_000_000
frame = pl.DataFrame({"t": [start, start, start + 250, start + 1_000], "x": [1, 2, 3, 4]})

for name, kind in (("Datetime", pl.Datetime("ns")), ("Duration", pl.Duration("ns"))):
    timed = frame.with_columns(pl.col("t").cast(kind))
    as_list = timed.partition_by("t")
    as_dict = timed.partition_by("t", as_dict=True)
    print(name)
    print("  different times:          ", timed["t"].n_unique())
    print("  rows in the list:         ", sorted(x for part in as_list for x in part["x"]))
    print("  rows in the dictionary:   ", sorted(x for part in as_dict.values() for x in part["x"]))
    groups = dict(timed.group_by("t", maintain_order=True))
    print("  rows in dict of group_by: ", sorted(x for part in groups.values() for x in part["x"]))
    found = timed.filter(pl.col("t") == timed["t"][2])
    print("  rows with the third time: ", found["x"].to_list())
numbered = frame.partition_by("t", as_dict=True)
print("Int64")
print("  rows in the dictionary:   ", sorted(x for part in numbered.values() for x in part["x"]))
END

expect <<'END'
Datetime
  different times:           3
  rows in the list:          [1, 2, 3, 4]
  rows in the dictionary:    [3, 4]
  rows in dict of group_by:  [3, 4]
  rows with the third time:  [1, 2, 3]
Duration
  different times:           3
  rows in the list:          [1, 2, 3, 4]
  rows in the dictionary:    [3, 4]
  rows in dict of group_by:  [3, 4]
  rows with the third time:  [1, 2, 3]
Int64
  rows in the dictionary:    [1, 2, 3, 4]
END
