"""Two sides of one case in the real application, each with words that only it knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bot.admin.labels import EVERYTHING
from bot.app import App
from bot.inviting import invitation_text
from bot.messages import Attachment, Incoming, Location
from bot.own_info import as_data, open_link
from bot.pages import Pages
from bot.releasing import release_by_case
from bot.ticks import put_out, tick
from domain.agreement import Instalment, SettlementAgreement
from domain.case import MediationCase, Role, Stage
from domain.conversation import Conversation, OutWord
from domain.errors import Refusal
from domain.invitation import shown
from domain.services import follow_up, privacy, two_sides
from storage.audit import AuditLine

NUMBERS = count(1)
OWN = {
    Role.APPLICANT: ("甲鸢尾", "麒麟甲", "甲某申", "13911110001", "甲鹧鸪"),
    Role.RESPONDENT: ("乙蔷薇", "凤凰乙", "乙某酉", "13922220002", "乙画眉"),
}
PAGES = Pages()
STORIES = {
    Role.APPLICANT: (
        "楼上天天半夜拖椅子，说了三回也不听，吵得我睡不着，昆明五华区这边，墙上的{0}都震下来了"
    ),
    Role.RESPONDENT: "我家晚上九点就睡，声音不是我家的，倒是我的{0}被他碰坏了",
}


@dataclass
class TwoPeople:
    """An applicant with an open case, and somebody who may be let in as the other side."""

    app: App
    clock: list[datetime]
    number: int = 0
    code: str = ""
    offered: dict[Role, list[str]] = field(default_factory=lambda: {side: [] for side in Role})
    pushed_in_danger: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mark = next(NUMBERS)
        self.messages = count(1)
        self._apply()
        found = self.conversation(Role.APPLICANT)
        assert found is not None
        assert found.case_number is not None
        self.number = found.case_number

    def _apply(self) -> None:
        """Tell the story and answer whatever is asked, until the case is open."""
        one, two, *_ = OWN[Role.APPLICANT]
        self.say(Role.APPLICANT, STORIES[Role.APPLICANT].format(one))
        self.tap(Role.APPLICANT, "consent:yes")
        for _ in range(12):
            offered = self.offered[Role.APPLICANT]
            if "back:right" in offered:
                break
            if "type:neighbour" in offered:
                self.tap(Role.APPLICANT, "type:neighbour")
            elif "fact:wish:unknown" in offered:
                self.say(Role.APPLICANT, f"把我的{two}修好就行")
            else:
                self.tap(Role.APPLICANT, next(id_ for id_ in offered if id_.endswith(":unknown")))
        self.tap(Role.APPLICANT, "back:right")

    # what they do

    def say(self, side: Role, text: str) -> None:
        self._send(side, text=text)

    def tap(self, side: Role, choice: str) -> None:
        self._send(side, choice=choice)

    def tap_offered(self, side: Role, place: int) -> None:
        offered = self.offered[side]
        if offered:
            self.tap(side, offered[place % len(offered)])

    def tell(self, side: Role, which: int) -> None:
        one, two, name, phone, _ = OWN[side]
        self.say(
            side,
            (
                STORIES[side].format(one),
                f"希望他赔我的{two}，大家好好商量",
                f"我叫{name}",
                phone,
                f"{two}值三千八，是上个月坏的",
            )[which],
        )

    def be_in_danger(self, side: Role) -> None:
        self.say(side, f"他喝了酒就打我，手机他都要查，{OWN[side][4]}也被他砸了")

    def send_photo(self, side: Role) -> None:
        self._send(side, attachment=Attachment("photo", refused="not_taken"))

    def share_place(self, side: Role) -> None:
        self._send(side, location=Location(25.04, 102.71, f"昆明市五华区{OWN[side][0]}巷"))

    def bring_code(self, side: Role) -> None:
        self.say(side, self.code or "AAAA-2222")

    def _send(self, side: Role, **said: Any) -> None:
        id_ = f"{self.mark}:{next(self.messages)}"
        incoming = Incoming("webchat", f"{side}{self.mark}", id_, **said)
        with self.watched():
            for reply in self.app.turns.take(incoming).replies:
                if reply.choices:
                    self.offered[side] = [choice["id"] for choice in reply.choices]

    # what people and the clock do

    def invite(self) -> None:
        """Make an invitation, as the console does; the paper must tell of neither side."""
        was_unsafe = self.case().is_held
        try:
            issued = self._do(
                lambda work: two_sides.issue_invitation(work, self.number, self.now, "mediator")
            )
        except Refusal:
            return
        assert not was_unsafe, "somebody was invited though a danger was told of"
        self.code = shown(issued.code)
        paper = invitation_text(self.app.renderer, issued, "https://example.test")
        assert_without([paper], OWN[Role.APPLICANT] + OWN[Role.RESPONDENT], "the paper")

    def pass_days(self, days: int) -> None:
        with self.watched():
            for _ in range(days * 4):
                self.clock[0] += timedelta(hours=6)
                list(tick(self.app.writer, self.app.renderer, self.now))

    def agree(self) -> None:
        if self.case().stage not in {Stage.APPLIED, Stage.SESSION_BOOKED}:
            return
        due = Instalment((self.now + timedelta(days=4)).date(), 50_000)
        agreement = SettlementAgreement(self.number, self.now.date(), "好好过", (due,))
        self._do(lambda work: follow_up.record_agreement(work, agreement, self.now, "mediator"))

    def record_refusal(self) -> None:
        if self.case().stage not in {Stage.APPLIED, Stage.SESSION_BOOKED, Stage.SAFETY_HOLD}:
            return

        def job(work: Any) -> None:
            _, words = two_sides.end_case(work, self.number, None, True, self.now)
            for word in words:
                put_out(work, self.app.renderer, word, self.now)

        with self.watched():
            self._do(job)

    def release(self) -> None:
        if self.case().is_held:
            self._do(lambda work: release_by_case(work, self.number, self.now, "officer"))

    # what is seen

    @property
    def now(self) -> datetime:
        return self.clock[0]

    def _do(self, job: Callable[[Any], Any]) -> Any:
        return self.app.writer.submit(job).result()

    def case(self) -> MediationCase:
        return self.app.writer.read(lambda work: work.cases.get(self.number))

    def conversation(self, side: Role) -> Conversation | None:
        return self.app.writer.read(
            lambda work: work.conversations.get("webchat", f"{side}{self.mark}")
        )

    def words_to(self, side: Role) -> list[OutWord]:
        found = self.conversation(side)
        if found is None:
            return []
        return self.app.writer.read(lambda work: work.pages.out_words_after(found.id, 0, 10_000))

    def watched(self) -> _Watch:
        return _Watch(self)

    def pushed(self) -> list[str]:
        return [word.text for side in Role for word in self.words_to(side) if word.unasked]

    def assert_apart(self) -> None:
        """Look at everything that each side is shown, and at all that its dialogue remembers."""
        self._let_be_read()
        for side in Role:
            theirs = OWN[side.other]
            assert_without(self.own_pages(side), theirs, f"the own info of the {side}")
            for answer in self.told_readers(side):
                assert_without([answer], [self.readers[side.other]], f"who read the {side}'s talk")
            for word in self.words_to(side):
                wire = [word.text, json.dumps([*word.choices, word.asks], ensure_ascii=False)]
                assert_without(wire, theirs, f"{word.template} to the {side}")
            found = self.conversation(side)
            if found is not None:
                kept = json.dumps(found.state, ensure_ascii=False)
                assert_without([kept], theirs, f"what the dialogue of the {side} remembers")
        tasks = self.app.writer.read(lambda work: work.tasks.still_open())
        told = [json.dumps(dict(task.details), ensure_ascii=False) for task in tasks]
        assert_without(told, OWN[Role.APPLICANT] + OWN[Role.RESPONDENT], "a task")
        assert self.pushed_in_danger == [], "somebody was written to in danger"

    def _let_be_read(self) -> None:
        """Let one person read the one's talk and another the other's; both sides ask who has."""
        names = self.app.writer.read(lambda work: [each.name for each in work.roster.all()])
        self.readers = dict(zip(Role, names, strict=False))
        for side, name in self.readers.items():
            found = self.conversation(side)
            if found is not None:
                line = AuditLine(self.now, name, "transcript", found.id)
                self._do(lambda work, line=line: work.audit.add(line))
        for side in Role:
            if self.conversation(side) is not None:
                self.say(side, "谁看过我的案子")
                self.say(side, "我的信息")

    def told_readers(self, side: Role) -> list[str]:
        """Return what a side is answered that asks who has read its talk."""
        return [word.text for word in self.words_to(side) if word.template == "readers"]

    def own_pages(self, side: Role) -> list[str]:
        """Return all that is kept of a side as it may take it away: the page and the file."""
        found = self.conversation(side)
        if found is None:
            return []

        def opened(work: Any) -> privacy.OwnInfo | None:
            return open_link(work, privacy.offer_link(work, found.id, self.now), self.now)

        info = self._do(opened)
        data = as_data(info, self.app.catalogue, self.app.renderer)
        page = PAGES.page("chat/mine", info=info, data=data, file="", labels=EVERYTHING)
        return [json.dumps(data, ensure_ascii=False), bytes(page.body).decode()]


class _Watch:
    """Notes what is pushed to anybody while a danger stands, or in the turn that tells of one."""

    def __init__(self, people: TwoPeople) -> None:
        self._people = people

    def __enter__(self) -> None:
        people = self._people
        self._was_held = bool(people.number) and people.case().is_held
        self._before = len(people.pushed()) if people.number else 0

    def __exit__(self, *_: object) -> None:
        people = self._people
        if people.number and (self._was_held or people.case().is_held):
            people.pushed_in_danger += people.pushed()[self._before :]


def assert_without(texts: Iterable[str], canaries: Iterable[str], where: str) -> None:
    canaries = tuple(canaries)
    for text in texts:
        for canary in canaries:
            assert canary not in text, f"{canary} stands in {where}: {text}"
