"""From a case a mediator reaches the talk of each side; each side hears of its own readings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from domain.case import MediationCase, Party, Role
from tests.bot.console_visits import set_up, sign_in
from tests.bot.webhouse import MONDAY, House, say, serving

HERS, HIS = "院墙往我家这边挪了两尺", "墙是照老墙脚砌的"
STORY, ACCOUNT = "邻居砌院墙占了地", "老墙脚一直在那里"


class Talks:
    """A house in which both sides of case 1 have talked, each in a browser of its own."""

    def __init__(self, house: House, clerk: httpx.Client) -> None:
        self.house = house
        self.clerk = clerk
        self.browsers = {role: house.client() for role in Role}
        self.ids: dict[Role, str] = {}
        for role, text in ((Role.APPLICANT, HERS), (Role.RESPONDENT, HIS)):
            say(self.browsers[role], choice="consent:yes")
            say(self.browsers[role], text)
            self.ids[role] = self._newest()
            house.clock.pass_by(minutes=1)
        self.keep(1, *self.ids.values())

    def _newest(self) -> str:
        from storage.pages import ConversationFilter

        def job(work: Any) -> str:
            return str(work.pages.conversations(ConversationFilter()).lines[0].conversation.id)

        return self.house.writer.read(job)

    def keep(self, number: int, applicant: str | None, respondent: str | None) -> None:
        sides = (
            Party(Role.APPLICANT, "李四", "13812345678", applicant),
            Party(Role.RESPONDENT, "张大山", "", respondent, account=ACCOUNT),
        )
        case = MediationCase(number, "neighbour", sides, STORY, MONDAY)

        def job(work: Any) -> None:
            work.cases.add(case)
            for id_ in filter(None, (applicant, respondent)):
                talk = work.conversations.by_id(id_)
                work.conversations.save(replace(talk, case_number=number))

        self.house.writer.submit(job).result()

    def readings(self) -> dict[Role, int]:
        """What each side is told when it asks who has read its talk."""
        told = {role: say(each, "谁看过我的案子") for role, each in self.browsers.items()}
        return {
            role: sum(each["text"].count("工作人员") for each in words)
            for role, words in told.items()
        }


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talks]:
    folder = tmp_path_factory.mktemp("sides")
    with serving(folder) as house, house.client(follow_redirects=True) as clerk:
        set_up(clerk, house.code)
        sign_in(clerk)
        talks = Talks(house, clerk)
        yield talks
        for browser in talks.browsers.values():
            browser.close()


def heads(page: str) -> str:
    return " ".join(re.findall(r"<h[12]>(.*?)</h[12]>", page))


def test_a_case_leads_to_both_talks_and_each_stands_under_its_side(talks: Talks) -> None:
    hers = talks.clerk.get("/console/cases/1")
    link = re.search(r'href="([^"]+)">被申请人的谈话', hers.text)
    assert link
    his = talks.clerk.get(link[1])

    assert str(hers.url).endswith(f"/conversations/{talks.ids[Role.APPLICANT]}?case=1")
    assert str(his.url).endswith(f"/conversations/{talks.ids[Role.RESPONDENT]}?case=1")
    assert "申请人的谈话 1" in heads(hers.text)
    assert "申请人说的经过" in heads(hers.text)
    assert "被申请人" not in heads(hers.text)
    assert "被申请人的谈话 1" in heads(his.text)
    assert "被申请人说的经过" in heads(his.text)
    assert [word in hers.text for word in (HERS, STORY, HIS, ACCOUNT)] == [True, True, False, False]
    assert [word in his.text for word in (HERS, STORY, HIS, ACCOUNT)] == [False, False, True, True]
    assert "申请人的谈话" in his.text
    assert "邻居纠纷" in hers.text  # the type of the case that was opened
    assert "邻居纠纷" in his.text


def test_each_side_is_told_of_the_readings_of_its_own_talk_alone(talks: Talks) -> None:
    before = talks.readings()

    talks.clerk.get("/console/cases/1")
    talks.clerk.get(f"/console/conversations/{talks.ids[Role.RESPONDENT]}?case=1")
    talks.clerk.get(f"/console/conversations/{talks.ids[Role.RESPONDENT]}")

    more = {role: now - before[role] for role, now in talks.readings().items()}
    assert more == {Role.APPLICANT: 1, Role.RESPONDENT: 2}


def test_neither_side_sees_more_of_the_other_because_a_mediator_saw_both(talks: Talks) -> None:
    talks.clerk.get("/console/cases/1")
    talks.clerk.get(f"/console/conversations/{talks.ids[Role.RESPONDENT]}?case=1")

    for role, foreign in ((Role.APPLICANT, (HIS, ACCOUNT)), (Role.RESPONDENT, (HERS, STORY))):
        own = say(talks.browsers[role], "我的信息")
        link = next(part["href"] for each in own for part in each["parts"] if "href" in part)
        seen = str(own) + talks.browsers[role].get("/").text + talks.browsers[role].post(link).text
        assert not [word for word in foreign if word in seen]
        assert talks.ids[role.other] not in seen


def test_a_person_with_two_cases_is_read_for_the_case_that_was_opened(talks: Talks) -> None:
    talks.keep(2, talks.ids[Role.APPLICANT], None)

    older = talks.clerk.get("/console/cases/1").text
    newer = talks.clerk.get("/console/cases/2").text

    assert "被申请人的谈话" in older
    assert "另一方还没有在这里谈过" in newer
    talk = f"/console/conversations/{talks.ids[Role.RESPONDENT]}"
    assert talks.clerk.get(f"{talk}?case=2").status_code == 404
    assert talks.clerk.get(f"{talk}?case=9999").status_code == 404


def test_a_case_whose_other_side_alone_has_a_talk_leads_there(talks: Talks) -> None:
    talks.keep(3, None, talks.ids[Role.RESPONDENT])

    page = talks.clerk.get("/console/cases/3")

    assert "被申请人的谈话 3" in heads(page.text)
