"""The tests of which every case was skipped, named at the end of a run: nothing tested what they assert."""

from __future__ import annotations

import pytest


class Skipped:
    """Collects the reasons of skipped cases, and the tests of which some case ran."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}
        self.ran: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        if report.skipped and "soak" not in report.keywords:
            self.reasons[test] = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        elif report.when == "call":
            self.ran.add(test)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for test in sorted(self.reasons.keys() - self.ran):
            terminalreporter.write_line(f"every case was skipped: {test} ({self.reasons[test]})")
