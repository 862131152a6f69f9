"""Processor seconds of every test, added up per area and compared with the budgets of docs/testing.md.

seconds = user and system time of this process and of every child that it waited for, from setup to teardown. Time in
which a test waits, or in which other programs have the processors, does not count. A budget that is exceeded is
printed; it fails nothing.
"""

from __future__ import annotations

import re
import resource
import time
from collections import defaultdict
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "testing.md"
NAME = "processor seconds"
ELSEWHERE = "elsewhere"
SLOWEST = 25


def budgets(page: str) -> dict[str, float]:
    """Seconds by the beginning of a test's address: the rows of the page's table whose first cell is code."""
    return {area: float(seconds) for area, seconds in re.findall(r"^\| `(\S+)` \| +(\d+) \|", page, re.MULTILINE)}


def area_of(address: str, areas: dict[str, float]) -> str:
    """The area with the longest name that the address begins with."""
    return max((area for area in areas if address.startswith(area)), key=len, default=ELSEWHERE)


_told = [0.0]


def add(seconds: float) -> None:
    """Count processor seconds of which this process knows nothing: those of a child's child."""
    _told[0] += seconds


def used() -> float:
    """Processor seconds of this process and its children so far, and those that were told of."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime + _told[0]


class Durations:
    """Measures in the process that runs a test; adds up and prints in the process that reports."""

    def __init__(self, whole: bool) -> None:
        self.whole, self.began = whole, used()
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> None:
        self.began = used()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
        report = yield
        if call.when == "teardown":
            report.user_properties.append((NAME, used() - self.began))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.seconds[report.nodeid] = dict(report.user_properties)[NAME]  # type: ignore[assignment]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        areas = budgets(PAGE.read_text(encoding="utf-8"))
        found: dict[str, float] = defaultdict(float)
        for address, seconds in self.seconds.items():
            found[area_of(address, areas)] += seconds
        over = {area: seconds for area, seconds in found.items() if seconds > areas.get(area, 0)}
        if self.whole:
            terminalreporter.section("processor seconds")
            for area, seconds in sorted(found.items(), key=lambda item: -item[1]):
                terminalreporter.write_line(f"{seconds:8.1f} of {areas.get(area, 0):4.0f}  {area}")
            total, allowed = sum(found.values()), sum(areas.values())
            terminalreporter.write_line(f"{total:8.1f} of {allowed:4.0f}  in all; the slowest tests:")
            for address, seconds in sorted(self.seconds.items(), key=lambda item: -item[1])[:SLOWEST]:
                terminalreporter.write_line(f"{seconds:8.1f}  {address}")
        for area, seconds in over.items():
            budget = areas.get(area, 0)
            terminalreporter.write_line(
                f"over budget: {area} took {seconds:.1f} processor seconds, and docs/testing.md gives it {budget:.0f}"
            )
