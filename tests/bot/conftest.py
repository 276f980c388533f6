"""Says loudly in pytest's summary when the pages could not be tried in a real browser."""

from __future__ import annotations

import pytest

from tests.bot.browser import LEFT_OUT


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = [
        report
        for report in terminalreporter.getreports("skipped")
        if LEFT_OUT in str(report.longrepr)
    ]
    if left_out:
        terminalreporter.write_line(
            f"WARNING: {len(left_out)} browser tests were left out. {LEFT_OUT}", red=True, bold=True
        )
