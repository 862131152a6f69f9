"""Times are read in one form for a whole column; a series is never put in another order in silence."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anaphora.tasks.classify import data
from anaphora.tasks.classify.times import form_of, order, read
from labelled import config

STYLES = {
    "2024-01-09": ("date", "%Y-%m-%d"),
    "2024-1-9 9:05": ("date", "{0.year}-{0.month}-{0.day} {0.hour}:{0.minute:02}"),
    "2024/01/09 09:05:01": ("date", "%Y/%m/%d %H:%M:%S"),
    "ISO": ("date", "%Y-%m-%dT%H:%M:%S.%f"),
    "zone": ("date with zone", "%Y-%m-%dT%H:%M:%S+02:00"),
    "31/12/2024": ("day first", "%d/%m/%Y %H:%M"),
    "31.12.24": ("day first", "%d.%m.%y"),
    "12/31/2024": ("month first", "{0.month}/{0.day}/{0.year} {0.hour}:{0.minute:02}"),
    "9:05": ("clock", "{0.hour}:{0.minute:02}"),
    "9:05 PM": ("clock", "%I:%M:%S %p"),
}


def written(moment: datetime, style: str) -> str:
    return style.format(moment) if "{" in style else moment.strftime(style)


@pytest.mark.parametrize("name", STYLES)
@given(moments=st.lists(st.datetimes(datetime(1969, 1, 1), datetime(2068, 1, 1)), min_size=1, max_size=6))
def test_times_are_ordered_as_they_were_before_they_were_written(name: str, moments: list[datetime]) -> None:
    form, style = STYLES[name]
    moments.append(datetime(2024, 12, 31, 22, 5))  # decides between day and month
    if form == "clock":
        moments = [moment.replace(year=2024, month=1, day=1) for moment in moments]
    texts = [written(moment, style) for moment in moments]
    found, keys = read(texts)
    assert found == form
    smallest = {
        text: min(moment for moment, other in zip(moments, texts, strict=True) if other == text) for text in texts
    }
    for one, key in zip(texts, keys, strict=True):
        for other, other_key in zip(texts, keys, strict=True):
            if one != other:
                assert (key < other_key) == (smallest[one] < smallest[other])
            else:
                assert key == other_key


def test_a_year_of_two_digits_is_in_the_century_that_strptime_takes() -> None:
    years = [f"{year:02}" for year in range(100)]
    form, keys = read([f"31/12/{year}" for year in years])
    assert form == "day first"
    assert [found.year for found, _ in keys] == [datetime.strptime(year, "%y").year for year in years]
    assert order(read(["31/12/99", "1/1/00", "2/1/00", "13/1/00"])[1], "day first") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["1", "10", "9"], "number"),
        ([1, 2.5], "number"),
        (["0,5", "1", "1,5"], "number with a decimal comma"),
        (["20240109", "20240110"], "number"),
        (["01/02/2024", "03/04/2024"], None),
        (["01/02/2024", "13/02/2024"], "day first"),
        (["01/02/2024", "02/13/2024"], "month first"),
        (["13/02/2024", "02/13/2024"], None),
        (["2024-01-01T10:00:00", "2024-01-01T10:00:00Z"], None),
        (["9:00", "25:61"], None),
        (["2024-02-30"], None),
        (["soon", "later"], None),
        (["1", ""], None),
        ([1, None], None),
        ([float("nan")], None),
        ([datetime(2024, 1, 1), datetime(2024, 1, 2)], "typed"),
        ([date(2024, 1, 1)], "typed"),
    ],
)
def test_the_form_of_a_column(values: list[Any], form: str | None) -> None:
    assert form_of(values) == form
    assert read(values)[0] == form


def test_a_form_from_training_decides_where_a_column_alone_cannot() -> None:
    form, keys = read(["01/02/2024", "02/01/2024"], "day first")
    assert (form, keys[0] > keys[1]) == ("day first", True)
    assert read(["2024-01-01"], "day first")[0] == "date"


def test_fractions_of_a_second_keep_all_their_digits() -> None:
    for zone in ("", "Z"):
        _, keys = read([f"2024-01-01T10:00:00.00000000{digit}{zone}" for digit in (2, 1)])
        assert keys[0] > keys[1]
    _, keys = read(["1712345678901234568", "1712345678901234567"])
    assert keys[0] > keys[1]


@pytest.mark.parametrize(
    "kind",
    [*(polars.Datetime("ns", zone) for zone in (None, "UTC", "Europe/Berlin")), polars.Duration("ns"), polars.Time()],
)
def test_times_of_a_frame_keep_their_nanoseconds(kind: Any, tmp_path: Path) -> None:
    since = [80_000_000_000_000 + step for step in (750, 250, 500)]
    when = polars.Series(since).cast(kind)
    frame = polars.DataFrame({"id": list("aaabbbcccddd"), "x": [3, 1, 2] * 4, "label": list("uuuvvv" * 2)})
    frame = frame.with_columns(polars.concat([when] * 4).alias("time"))
    frame.write_parquet(tmp_path / "a.parquet")
    given = config("--id", "id", "--columns", "x", "--valid", "0.5")
    for corpus in (data.from_memory(given, frame), data.read(given, [tmp_path / "a.parquet"])):
        assert corpus.train.inputs.row(0)[:, 0].tolist() == [1, 2, 3]  # type: ignore[union-attr]
        assert [finding.code for finding in corpus.findings] == ["unsorted-times"]


def test_the_hour_that_a_clock_repeats_in_autumn_is_in_order_by_its_zone() -> None:
    moments = [datetime(2024, 10, 27, tzinfo=UTC) + timedelta(minutes=30 * at) for at in range(6)]
    zones = [timezone(timedelta(hours=2 if at < 2 else 1)) for at in range(6)]
    texts = [moment.astimezone(zone).isoformat() for moment, zone in zip(moments, zones, strict=True)]
    assert sorted(texts) != texts
    form, keys = read(texts)
    assert order(keys, str(form)) == list(range(6))


def test_typed_times_of_one_zone_are_in_order_through_the_hour_that_its_clock_repeats() -> None:
    moments = [datetime(2024, 10, 27, tzinfo=UTC) + timedelta(minutes=30 * at) for at in range(6)]
    berlin = [moment.astimezone(ZoneInfo("Europe/Berlin")) for moment in moments]
    assert sorted(berlin) != berlin
    form, keys = read(berlin)
    assert order(keys, str(form)) == list(range(6))
    assert len(set(keys)) == 6
    assert keys == read(moments)[1]


def test_a_clock_may_pass_midnight_once() -> None:
    for texts, expected in (
        (["23:00", "23:30", "0:00", "0:30"], [0, 1, 2, 3]),
        (["9:00", "11:00", "10:00"], [0, 2, 1]),
    ):
        assert order(read(texts)[1], "clock") == expected


def steps(times: list[Any], ids: list[str] | None = None) -> data.Corpus:
    """Two series of the same times, a step per line, numbered in the order of the file."""
    count = len(times)
    ids = ids or ["p", "q", "r", "s"]
    columns = {
        "id": [name for name in ids for _ in range(count)],
        "time": times * len(ids),
        "n": [(at * 7 % count) + at / 8 for _ in ids for at in range(count)],
        "label": ["ab"[number % 2] for number, _ in enumerate(ids) for _ in range(count)],
    }
    return data.from_memory(config("--id", "id", "--time", "time", "--valid", "0.5"), columns)


@pytest.mark.parametrize(
    ("times", "expected", "codes"),
    [
        (["12/30/2024", "12/31/2024", "1/1/2025"], [0, 1, 2], []),
        (["9:00", "10:00", "11:00"], [0, 1, 2], []),
        (["9", "10", "11"], [0, 1, 2], []),
        (["2024-1-9", "2024-1-10", "2024-1-11"], [0, 1, 2], []),
        (["10:00", "9:00", "11:00"], [1, 0, 2], ["unsorted-times"]),
        (["1/1/2025", "12/31/2024", "1/2/2025"], [1, 0, 2], ["unsorted-times"]),
        (["first", "second", "third"], [0, 1, 2], ["unread-times"]),
        (["z", "a", "b"], [0, 1, 2], ["unread-times"]),
        (["3", "", "1"], [0, 1, 2], ["unread-times"]),
        ([1, 2, 2], [0, 1, 2], ["repeated-time"]),
        ([2, 1, 2], [1, 0, 2], ["unsorted-times", "repeated-time"]),
    ],
)
def test_steps_are_ordered_by_time_or_stay_and_it_is_said(
    times: list[Any], expected: list[int], codes: list[str]
) -> None:
    corpus = steps(times)
    numbers = [(at * 7 % 3) + at / 8 for at in range(3)]
    for part in (corpus.train, corpus.held_out):
        for row in range(len(part)):
            assert part.inputs.row(row)[:, 0].tolist() == [numbers[at] for at in expected]  # type: ignore[union-attr]
    assert [finding.code for finding in corpus.findings] == codes
    for finding in corpus.findings:
        assert finding.code == "unread-times" or [row.line for row in finding.rows] == [1, 4, 7, 10]


def test_series_with_lines_in_several_files_are_told(tmp_path: Any) -> None:
    for number in (1, 2):
        lines = [f"{name},{at * number * 0.5},{label}\n" for name, label in (("p", "a"), ("q", "b")) for at in (3, 1)]
        own = [f"{name}{number},{number}.25,{label}\n" for name, label in (("u", "a"), ("v", "b"))]
        (tmp_path / f"{number}.csv").write_text("id,x,label\n" + "".join([*lines, *own]), encoding="utf-8")
    corpus = data.read(config("--valid", "0.5"), [tmp_path / "1.csv", tmp_path / "2.csv"])
    (finding,) = corpus.findings
    assert (finding.code, [row.line for row in finding.rows]) == ("split-series", [2, 4])


@pytest.mark.parametrize(
    ("times", "lines", "said"),
    [
        (
            ["2024-01-01", "", "2024-01-02"],
            [2, 5, 8, 11],
            r"4 times of 12 do not .* \(date\); the first is empty\.",
        ),
        (["9:00", "NaT", "10:00"], [2, 5, 8, 11], r"\(clock\); the first is \"NaT\"\. The steps of all series keep"),
        ([1, None, 2], [2, 5, 8, 11], r"\(number\); the first is empty\."),
        ([date(2024, 1, 1), None, date(2024, 1, 2)], [2, 5, 8, 11], r"\(dates or times\); the first is empty\."),
        (["soon", "late", "now"], range(1, 13), r"None of the times is a number.*the first is \"soon\"\."),
        (
            ["01/01/2024", "03/01/2024", "05/01/2024"],
            [],
            r"'03/01/2024' is 2024-01-03 \(day .*\) or 2024-03-01 \(month",
        ),
        (["31/01/2024", "01/31/2024", "30/01/2024"], [2, 5, 8, 11], r"\(day first\); the first is \"01/31/2024\"\."),
    ],
)
def test_times_in_the_way_of_an_order_are_named(times: list[Any], lines: Any, said: str) -> None:
    (finding,) = steps(times).findings
    assert (finding.code, [row.line for row in finding.rows]) == ("unread-times", list(lines))
    assert re.search(said, finding.message)
    assert finding.remedy.endswith("or sort the lines of each series by time.")
