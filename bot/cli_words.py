"""What each command-line word does; a word imports what it alone needs."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO, TypeVar

from bot.app import App, build_app, ready_interpreter, ready_writer, wall_clock
from bot.channels import terminal
from bot.dead_letters import NotAgain, about_letter, take_again
from bot.inviting import invitation_text
from bot.messages import Incoming, Reply
from bot.releasing import release_by_case, release_conversation
from bot.settings import Settings
from bot.ticks import put_out
from bot.ticks import tick as one_tick
from domain.agreement import Instalment, SettlementAgreement
from domain.calendar import LOCAL, local
from domain.case import Stage
from domain.catalogue import load_catalogue
from domain.errors import AgreementNotPossible
from domain.ports import UnitOfWork
from domain.services import follow_up, two_sides
from nlu.classify import to_wire
from nlu.interpreter import Heard
from nlu.rasa_interpreter import load

BATCH = 64
NOON = time(12)
WAITING = Path("-")  # stands for the corrections that wait from the console
T = TypeVar("T")


def serve(settings: Settings, wanted: Namespace) -> None:
    """Serve until stopped."""
    from bot.serving import run_server

    run_server(settings, ticks=not wanted.no_ticks, training=not wanted.no_training)


@contextmanager
def opened(settings: Settings, now: datetime | None) -> Iterator[App]:
    """Build the application, with a clock that stands still where `now` is given."""
    app = build_app(settings, (lambda: now) if now is not None else wall_clock)
    try:
        yield app
    finally:
        app.close()


def chat(settings: Settings, wanted: Namespace) -> None:
    """Talk in the terminal, as a person or in JSON lines."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a broken byte must not end the conversation
    with opened(settings, wanted.now) as app:

        def take(incoming: Incoming) -> tuple[Reply, ...]:
            return app.turns.take(incoming).replies

        if wanted.json:
            terminal.chat_json(take, sys.stdin, sys.stdout)
        else:
            now = app.clock()
            unseen = app.writer.read(lambda work: terminal.unseen_by(work, wanted.sender, now))
            terminal.chat(take, wanted.sender, sys.stdin, sys.stdout, unseen)


def classify(settings: Settings, wanted: Namespace) -> int:
    """Read JSON lines {"id","text"} and write what each text means, in the same order."""
    interpreter = ready_interpreter(settings)
    now = local(wanted.today, NOON) if wanted.today else wall_clock()
    faults = 0
    waiting: list[dict[str, Any]] = []

    def answer() -> None:
        heard = [Heard(each["text"], now) for each in waiting]
        for each, understood in zip(waiting, interpreter.read(heard), strict=True):
            write_line(sys.stdout, {"id": each["id"], **to_wire(understood)})
        waiting.clear()

    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        item = _item(line)
        if item is None:
            print(  # noqa: T201
                f'line {number}: is no {{"id": ..., "text": "..."}}; left out', file=sys.stderr
            )
            faults += 1
            continue
        waiting.append(item)
        if len(waiting) == BATCH:
            answer()
    answer()
    return 1 if faults else 0


def _item(line: str) -> dict[str, Any] | None:
    try:
        item = json.loads(line)
    except ValueError:
        return None
    if isinstance(item, dict) and "id" in item and isinstance(item.get("text"), str):
        return item
    return None


def write_line(out: TextIO, data: dict[str, Any]) -> None:
    """Write one JSON line."""
    out.write(json.dumps(data, ensure_ascii=False) + "\n")


def train(settings: Settings, wanted: Namespace) -> int:
    """Train a new model beside the old one, or go back to the one before."""
    from nlu import candidates, review
    from nlu.train import train as train_model

    if wanted.roll_back:
        print(review.roll_back(settings.models))  # noqa: T201
        return 0
    if wanted.with_review is None:
        print(train_model(settings.models))  # noqa: T201
        return 0
    waiting = settings.data / candidates.FILE
    file = waiting if wanted.with_review == WAITING else wanted.with_review
    try:
        verdict = review.train_with_review(settings.models, file)
    except (review.NoGold, review.ReviewFaults) as fault:
        print(fault, file=sys.stderr)  # noqa: T201
        return 1
    print(verdict)  # noqa: T201
    return 0 if verdict.is_accepted else 1


def evaluate(settings: Settings, wanted: Namespace) -> int:
    """Measure the model on the gold set, and on a further file where one is named."""
    from nlu.evaluate import NoGold, evaluate_and_report

    report = settings.data / "reports" / "nlu.html"
    try:
        print(evaluate_and_report(load(settings.models), report, wanted.file))  # noqa: T201
    except NoGold as fault:
        print(fault, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def tick(settings: Settings, wanted: Namespace) -> None:
    """Fire what is due, once."""
    with opened(settings, wanted.now) as app:
        for record in one_tick(app.writer, app.renderer, app.clock()):
            write_line(sys.stdout, record)


def migrate(settings: Settings, _: Namespace) -> None:
    """Bring the database to the newest form; a roster is placed into an empty one."""
    ready_writer(settings).close()
    print("the database is up to date")  # noqa: T201


seed = migrate


def doctor(settings: Settings, _: Namespace) -> None:
    """Check everything that the application needs, and say what was found."""
    found = {
        "database": settings.database_url.partition("://")[0],
        "dispute types": len(load_catalogue().sheets),
        "model": load(settings.models).model,
        "telegram": "on" if settings.telegram_token else "off",
    }
    writer = ready_writer(settings)
    found["people on the roster"] = len(writer.read(lambda work: work.roster.all()))
    writer.close()
    for name, value in found.items():
        print(f"{name}: {value}")  # noqa: T201


def dead(settings: Settings, wanted: Namespace) -> int:
    """List the messages that could not be taken, one JSON line each, or take one of them again."""
    if wanted.again is None:
        for letter in _do(settings, lambda work: work.dead_letters.unsettled()):
            write_line(sys.stdout, about_letter(letter))
        return 0
    with opened(settings, None) as app:
        try:
            taken = take_again(app.writer, app.turns.take, wanted.again, app.clock())
        except NotAgain as why:
            print(why, file=sys.stderr)  # noqa: T201
            return 1
    print("it was taken before" if taken.is_repeat else "taken")  # noqa: T201
    return 0


def agree(settings: Settings, wanted: Namespace) -> None:
    """Record the agreement of a case; its follow-up plan begins."""
    now = wanted.now or wall_clock()
    agreement = SettlementAgreement(
        wanted.case,
        wanted.on or now.astimezone(LOCAL).date(),
        wanted.terms,
        tuple(_instalment(wanted.case, each) for each in wanted.due),
    )
    case = _do(settings, lambda work: follow_up.record_agreement(work, agreement, now, "mediator"))
    print(f"case {case.number}: {case.stage}")  # noqa: T201


def _instalment(number: int, text: str) -> Instalment:
    day, _, yuan = text.partition("=")
    try:
        return Instalment(date.fromisoformat(day), round(float(yuan) * 100) if yuan else None)
    except ValueError:
        raise AgreementNotPossible(number, f"--due {text}: write 2026-12-31=5000") from None


def visit(settings: Settings, wanted: Namespace) -> None:
    """Record a home re-check as kept or missed."""
    now = wanted.now or wall_clock()
    with opened(settings, now) as app:

        def job(work: UnitOfWork) -> list[dict[str, Any]]:
            outcomes = follow_up.keep_visit(work, wanted.case, wanted.kept, now)
            return [put_out(work, app.renderer, each, now) for each in outcomes]

        for record in app.writer.submit(job).result():
            write_line(sys.stdout, record)


def release(settings: Settings, wanted: Namespace) -> None:
    """End the safety hold of a case, or of a conversation that has none."""
    now = wanted.now or wall_clock()
    if wanted.case is not None:
        stage = _do(settings, lambda work: release_by_case(work, wanted.case, now, "officer"))
        print(f"case {wanted.case}: {stage}")  # noqa: T201
        return
    done = _do(settings, lambda work: release_conversation(work, wanted.conversation))
    print("released" if done else "no such conversation is held")  # noqa: T201


def refused(settings: Settings, wanted: Namespace) -> None:
    """Record that the other side does not want mediation (人民调解法 17)."""
    now = wanted.now or wall_clock()
    with opened(settings, now) as app:

        def job(work: UnitOfWork) -> list[dict[str, Any]]:
            _, words = two_sides.end_case(work, wanted.case, None, True, now)
            return [put_out(work, app.renderer, each, now) for each in words]

        for record in app.writer.submit(job).result():
            write_line(sys.stdout, record)
    print(f"case {wanted.case}: {Stage.OTHER_SIDE_REFUSED}")  # noqa: T201


def invite(settings: Settings, wanted: Namespace) -> None:
    """Print an invitation for the other side of a case, to hand over or to read out."""
    now = wanted.now or wall_clock()
    with opened(settings, now) as app:
        issued = app.writer.submit(
            lambda work: two_sides.issue_invitation(work, wanted.case, now, "mediator")
        ).result()
        print(invitation_text(app.renderer, issued))  # noqa: T201


def _do(settings: Settings, job: Callable[[UnitOfWork], T]) -> T:
    writer = ready_writer(settings)
    try:
        return writer.submit(job).result()
    finally:
        writer.close()
