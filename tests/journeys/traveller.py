"""Walks through a journey: does each step for real and holds it to what is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import App, build_app
from bot.messages import Incoming, Reply
from bot.releasing import release_by_case
from bot.settings import read_settings
from bot.ticks import put_out, tick
from domain.agreement import SettlementAgreement
from domain.calendar import LOCAL
from domain.invitation import shown
from domain.services import follow_up, two_sides

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Traveller:
    """People's way through the application, with one clock; `as` says who takes a step."""

    def __init__(self, journey: dict[str, Any], folder: Path, models: Path) -> None:
        self.now = datetime.fromisoformat(str(journey["now"])).astimezone(LOCAL)
        self.sender = self.traveller = journey.get("sender", "traveller")
        self.channel = journey.get("channel", "terminal")
        data = folder / "var"
        data.mkdir()
        (data / "models").symlink_to(models, target_is_directory=True)
        self.settings = read_settings({"HEJIE_DATA": str(data)})
        self.app: App = build_app(self.settings, lambda: self.now)
        self.messages = 0
        self.number: int | None = None
        self.offered: dict[str, list[str]] = {}
        self.code = ""

    def close(self) -> None:
        self.app.close()

    def go(self, number: int, step: dict[str, Any]) -> None:
        self.sender = step.get("as", self.traveller)
        doing = next(name for name in step if hasattr(self, f"do_{name}"))
        where = f"step {number} ({doing}: {step[doing]})"
        getattr(self, f"do_{doing}")(step, where)

    # talking

    def do_say(self, step: dict[str, Any], where: str) -> None:
        self.hear(self.send(text=step["say"].replace("CODE", self.code)), step, where)

    def do_choose(self, step: dict[str, Any], where: str) -> None:
        choice = step["choose"]
        if re.fullmatch(r"slot:\d", choice):
            slots = [each for each in self.offered[self.sender] if each.startswith("slot:")]
            choice = slots[int(choice[-1]) - 1]
        self.hear(self.send(choice=choice), step, where)

    def send(self, **said: str) -> Sequence[Reply]:
        self.messages += 1
        incoming = Incoming(self.channel, self.sender, f"m{self.messages}", **said)
        replies = self.app.turns.take(incoming).replies
        for reply in replies:
            if reply.choices:
                self.offered[self.sender] = [choice["id"] for choice in reply.choices]
            if reply.case is not None:
                self.number = reply.case
        return replies

    def hear(self, replies: Sequence[Reply], step: dict[str, Any], where: str) -> None:
        text = "\n".join(reply.text for reply in replies)
        templates = [reply.template for reply in replies]
        if "hears" in step:
            assert templates == step["hears"], f"{where}\n{text}"
        if "asks" in step:
            asked = [reply.asks["name"] for reply in replies if reply.asks]
            assert asked == ([step["asks"]] if step["asks"] else []), f"{where}\n{text}"
        for words in _many(step.get("contains")):
            assert words in text, f"{where}: {words!r} is missing\n{text}"
        for words in _many(step.get("lacks")):
            assert words not in text, f"{where}: {words!r} was said\n{text}"
        offered = [choice["id"] for reply in replies for choice in reply.choices]
        for id_ in _many(step.get("choices")):
            assert id_ in offered, f"{where}: {id_} is not offered\n{text}"
        if "case" in step:
            given = any(reply.case is not None for reply in replies)
            assert given == step["case"], f"{where}\n{text}"

    def do_reads(self, step: dict[str, Any], where: str) -> None:
        """Look at the last word that somebody got without asking: a reminder, news."""
        conversation = self.app.writer.read(
            lambda work: work.conversations.get(self.channel, self.sender)
        )
        assert conversation is not None, where
        words = self.app.writer.read(
            lambda work: [
                each
                for each in work.pages.out_words_after(conversation.id, 0, 1000)
                if each.unasked
            ]
        )
        templates = [each.template for each in words]
        assert templates[-len(_many(step["reads"])) :] == _many(step["reads"]), where
        for words_wanted in _many(step.get("contains")):
            assert words_wanted in words[-1].text, f"{where}\n{words[-1].text}"

    # time

    def do_wait(self, step: dict[str, Any], where: str) -> None:
        count, unit = int(step["wait"][:-1]), step["wait"][-1]
        self.now += timedelta(**{UNITS[unit]: count})

    def do_at(self, step: dict[str, Any], where: str) -> None:
        self.now = datetime.fromisoformat(str(step["at"])).astimezone(LOCAL)

    def do_tick(self, step: dict[str, Any], where: str) -> None:
        self.fired(list(tick(self.app.writer, self.app.renderer, self.now)), step, where)

    def do_days(self, step: dict[str, Any], where: str) -> None:
        records: list[dict[str, Any]] = []
        for _ in range(int(step["days"]) * 24):
            self.now += timedelta(hours=1)
            records += tick(self.app.writer, self.app.renderer, self.now)
        self.fired(records, step, where)

    def fired(self, records: list[dict[str, Any]], step: dict[str, Any], where: str) -> None:
        names = sorted(record.get("word") or f"called {record['called']}" for record in records)
        assert names == sorted(step.get("fires", [])), f"{where}: {names}"
        for record in records:
            hour = datetime.fromisoformat(record["at"]).astimezone(LOCAL).hour
            assert "called" in record or 8 <= hour < 21, f"{where}: {record}"

    def do_restart(self, step: dict[str, Any], where: str) -> None:
        self.app.close()
        self.app = build_app(self.settings, lambda: self.now)

    # what mediators record

    def do_agree(self, step: dict[str, Any], where: str) -> None:
        from bot.cli_words import _instalment

        said = step["agree"]
        agreement = SettlementAgreement(
            self.case(),
            self.now.date(),
            said["terms"],
            tuple(_instalment(self.case(), each) for each in said.get("due", [])),
        )
        self.app.writer.submit(
            lambda work: follow_up.record_agreement(work, agreement, self.now, "mediator")
        ).result()

    def do_refused(self, step: dict[str, Any], where: str) -> None:
        def job(work: Any) -> list[dict[str, Any]]:
            _, words = two_sides.end_case(work, self.case(), None, True, self.now)
            return [put_out(work, self.app.renderer, each, self.now) for each in words]

        self.app.writer.submit(job).result()

    def do_invite(self, step: dict[str, Any], where: str) -> None:
        """Make an invitation; `invite` says that it is given, or names the refusal."""
        job = self.app.writer.submit(
            lambda work: two_sides.issue_invitation(work, self.case(), self.now, "mediator")
        )
        refusal = job.exception()
        assert (type(refusal).__name__ if refusal else "given") == step["invite"], where
        if refusal is None:
            self.code = shown(job.result().code)

    def do_visit(self, step: dict[str, Any], where: str) -> None:
        def job(work: Any) -> list[dict[str, Any]]:
            outcomes = follow_up.keep_visit(work, self.case(), step["visit"] == "kept", self.now)
            return [put_out(work, self.app.renderer, each, self.now) for each in outcomes]

        self.fired(self.app.writer.submit(job).result(), step, where)

    def do_release(self, step: dict[str, Any], where: str) -> None:
        self.app.writer.submit(
            lambda work: release_by_case(work, self.case(), self.now, "officer")
        ).result()

    # what is kept

    def do_expect(self, step: dict[str, Any], where: str) -> None:
        self.app.writer.read(lambda work: self.expect(work, step["expect"], where))

    def expect(self, work: Any, wanted: dict[str, Any], where: str) -> None:
        if "tasks" in wanted:
            kinds = sorted(task.kind.value for task in work.tasks.still_open())
            assert kinds == sorted(wanted["tasks"]), where
        if wanted.get("no_case"):
            assert self.number is None, where
            return
        if {"stage", "session", "known", "told_by_other"} & wanted.keys():
            case = work.cases.get(self.case())
            coming = work.sessions.coming(case.number, self.now)
            if "stage" in wanted:
                assert case.stage == wanted["stage"], where
            if "session" in wanted:
                kind = coming.kind.value if coming else None
                assert kind == wanted["session"], where
            for name, value in wanted.get("known", {}).items():
                assert case.facts[name].value == value, f"{where}: {case.facts.get(name)}"

            other = case.respondent
            for words in _many(wanted.get("told_by_other")):
                told = [other.account, *(str(each.value) for each in other.facts.values())]
                assert any(words in each for each in told), f"{where}: {told}"

    def case(self) -> int:
        assert self.number is not None, "no case number was given yet"
        return self.number


def _many(words: Any) -> list[str]:
    if words is None:
        return []
    return words if isinstance(words, list) else [words]
