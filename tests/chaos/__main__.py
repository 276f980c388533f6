"""`make chaos`: the whole crash suite, its faults and its controls, with the figures printed."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.chaos import town
from tests.chaos.controls import CONTROLS, postgresql, two_servers
from tests.chaos.faults import all_faults
from tests.chaos.points import all_points
from tests.chaos.running import Outcome, Place, workplace
from tests.chaos.verdict import Verdict

AT_ONCE = 2
EVERY_NTH_ON_POSTGRESQL = 6
AT_LEAST = 100


class Report:
    """Adds up what was found, and prints failures as they come."""

    def __init__(self) -> None:
        self.total = Verdict()
        self.failed: list[str] = []
        self._began = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        self.total.add(outcome.verdict)
        if not outcome.passed:
            self.fails(outcome.name, *outcome.verdict.faults)

    def fails(self, name: str, *why: str) -> None:
        self.failed.append(name)
        print(f"FAILED {name}", *why, sep="\n    ", flush=True)

    def line(self, name: str, value: object) -> None:
        print(f"{name:<38}{value}", flush=True)

    @property
    def minutes(self) -> float:
        return (time.monotonic() - self._began) / 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all; 0 if every run passed and every control failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--at", help="only the points whose names contain this")
    wanted = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    report = Report()
    with workplace() as place, postgresql(place.folder) as address:
        place.has_town("sqlite", town.build(place.folder))
        folder = place.folder / "on-postgresql"
        folder.mkdir()
        place.has_town("postgresql", town.build(folder, address), address)
        _points(place, report, wanted.at or "")
        if not wanted.at:
            _faults(place, report)
            _controls(place, report, address)
    _sum_up(report)
    return 1 if report.failed else 0


def _points(place: Place, report: Report, part: str) -> None:
    """Kill a server at every point that the story passes."""
    killed_at: dict[str, int] = {}
    for kind, nth in (("sqlite", 1), ("postgresql", EVERY_NTH_ON_POSTGRESQL)):
        quiet = place.run(f"nothing goes wrong, {kind}", kind)
        report.add(quiet)
        passed = {point: n for point, n in sorted(quiet.counts.items()) if part in point}
        chosen = _chosen(passed, nth)
        outcomes = _at_once([_death(place, kind, point, passed[point]) for point in chosen], report)
        killed_at[kind] = sum(each.was_killed for each in outcomes)
        report.line(f"crash points passed, {kind}", len(passed))
        report.line("  killed there and judged", killed_at[kind])
        report.line("  passed", sum(each.was_killed and each.passed for each in outcomes))
        missed = [each.name for each in outcomes if not each.was_killed]
        report.line("  not passed again when tried", ", ".join(missed) or "none")
    report.line("crash points in the source", len(all_points()))
    if not part and killed_at["sqlite"] < AT_LEAST:
        report.fails(f"fewer than {AT_LEAST} crash points were tried")


def _chosen(passed: Counter[str] | dict[str, int], nth: int) -> list[str]:
    """Return the points to be tried: every nth, and all around the commits."""
    return [
        point
        for number, point in enumerate(passed)
        if number % nth == 0 or point.startswith("storage.writer")
    ]


def _death(place: Place, kind: str, point: str, passages: int) -> Callable[[], Outcome]:
    """Return a run that ends at a point: in the middle of all its passages, or at the first."""

    def run() -> Outcome:
        name = f"{point} on {kind}"
        outcome = place.run(name, kind, point=point, passage=(passages + 1) // 2)
        if outcome.passed and not outcome.was_killed:
            outcome = place.run(name, kind, point=point)
        return outcome

    return run


def _at_once(runs: Sequence[Callable[[], Outcome]], report: Report) -> list[Outcome]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = []
        for outcome in pool.map(lambda run: run(), runs):
            report.add(outcome)
            outcomes.append(outcome)
            print(f"\r{len(outcomes)} of {len(runs)} ", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    return outcomes


def _faults(place: Place, report: Report) -> None:
    faults = all_faults(place.town_file)
    outcomes = _at_once([lambda each=each: each.happens(place) for each in faults], report)
    report.line("faults tried", len(outcomes))
    for outcome in outcomes:
        report.line(f"  {outcome.name}", "passed" if outcome.passed else "FAILED")


def _controls(place: Place, report: Report, address: str) -> None:
    """Switch each guard off: a control that passes is a suite that sees nothing."""
    for control in CONTROLS:
        outcome = control(place)
        if outcome.verdict.duplicated:
            report.line(f"control: {outcome.name}", "failed as it must")
        else:
            report.fails(f"control: {outcome.name} was not noticed", *outcome.verdict.faults)
    mixed = two_servers(address, lease_seconds=5)
    if mixed:
        report.fails("two servers, one conversation", str(mixed))
    else:
        report.line("two servers, one conversation", "in order")
    if two_servers(address, lease_seconds=0):
        report.line("control: lease off", "failed as it must")
    else:
        report.fails("control: lease off was not noticed")


def _sum_up(report: Report) -> None:
    total = report.total
    report.line("messages sent", total.messages)
    report.line("words to phones", total.words)
    report.line("lost", len(total.lost))
    report.line("out of order", len(total.out_of_order))
    report.line("duplicated beyond the rule", len(total.duplicated))
    report.line("otherwise wrong", len(total.wrong))
    report.line("sent again, marked （重发）", total.marked)
    report.line("reminders in doubt, phoned", total.in_doubt)
    report.line("minutes", f"{report.minutes:.1f}")
    report.line("result", "FAILED: " + "; ".join(report.failed) if report.failed else "passed")


if __name__ == "__main__":
    sys.exit(main())
