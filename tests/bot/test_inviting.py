"""What the other side reads takes no side; how a mediator comes by an invitation."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import segno
from playwright.sync_api import Browser

from bot import cli_words
from bot.cli import main
from bot.delivery import NEWS_OF_THE_END, is_still_wanted
from bot.dialogue.side_questions import questions
from bot.inviting import invitation_text
from bot.messages import Incoming
from bot.releasing import release_by_case
from bot.settings import Settings, read_settings
from domain.case import Role
from domain.conversation import OutWord
from domain.services import booking, two_sides
from tests.bot.browser import PHONE, new_context
from tests.bot.console_visits import set_up, sign_in
from tests.bot.two_people import OWN
from tests.bot.webhouse import MONDAY, House, catalogue, renderer, serving
from tests.conftest import NOW
from tests.storage.samples import OpenWork, a_case, a_conversation, keep
from tests.trained import models_folder

pytestmark = pytest.mark.usefixtures("quick_hashes")

ACCUSING = re.compile(
    "告(?!诉)|(?<!告)诉|打(?!电话)|欠|差你|拖|赖|骗|伤|赔|责任|过错|侵|违|不给|不还|不管|被|必须|后果"
    "|逾期|污染"
)
RENDERER = renderer()
WHO = {"number": 2026000018, "mediator": "李四", "phone": "0876-0000000"}


@pytest.mark.parametrize("sheet", catalogue().sheets)
def test_no_kind_of_matter_is_named_with_an_accusing_word(sheet):
    assert not ACCUSING.search(RENDERER.reply("invited", WHO | {"type": sheet}))


@pytest.mark.parametrize("sheet", catalogue().sheets)
def test_no_question_to_the_other_side_accuses(sheet):
    whats = ["account", *(what for what, _ in questions(catalogue().sheet(sheet)))]

    assert whats[-2:] == ["wish", "times"]
    for what in whats:
        asked = RENDERER.reply("ask_side", {"what": what})
        assert asked
        assert not ACCUSING.search(asked)


def test_the_invitation_accuses_nobody_and_says_that_refusing_costs_nothing(house: House) -> None:
    text = "\n".join(paper_of(house))

    assert not ACCUSING.search(text)
    for words in ("人民调解", "谈一件事", "不收钱", "没有什么不利", "不想谈"):
        assert words in text
    assert not any(word in text for words in OWN.values() for word in words)


# from the task to the page of the other side


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with serving(tmp_path) as house:
        keep_case(house)
        yield house


def keep_case(house: House, agreed: bool = True) -> None:
    def job(work):
        work.conversations.add(a_conversation("c1", consented_at=MONDAY))
        work.cases.add(a_case(1, flags=(), summary="甲鸢尾"))
        two_sides.allow_contact(work, 1, agreed, MONDAY)

    house.writer.submit(job).result()


@pytest.fixture
def inside(house: House) -> Iterator[httpx.Client]:
    with house.client(follow_redirects=True) as client:
        set_up(client, house.code)
        sign_in(client)
        yield client


def paper_of(house: House) -> list[str]:
    issued = house.writer.submit(
        lambda work: two_sides.issue_invitation(work, 1, MONDAY, "mediator")
    ).result()
    return invitation_text(house.renderer, issued, house.url).splitlines()


def press(client: httpx.Client) -> str:
    page = client.get("/console/tasks").text
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    return client.post("/console/cases/1/invitation", files={"token": (None, token[1])}).text


def test_the_task_leads_to_a_page_to_print_and_the_code_opens_the_case(
    house: House, inside: httpx.Client
) -> None:
    assert "打印邀请" in inside.get("/console/tasks").text
    page = press(inside)
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", page)
    assert code
    assert "甲鸢尾" not in page

    with house.client() as other:
        shown = other.get(f"/i/{code[0].replace('-', '')}").text
    assert code[0] in shown
    taken = house.turns.take(Incoming("webchat", "other", "m1", text=code[0]))
    assert [reply.template for reply in taken.replies] == ["invited", "notice"]
    audit = house.writer.read(lambda work: work.audit.latest(9))
    assert [line.what for line in audit].count("invited") == 1


def test_the_picture_on_the_paper_leads_where_the_address_beside_it_does(
    house: House, inside: httpx.Client
) -> None:
    page = press(inside)
    address = re.search(r"http://[^<\s]+/i/[A-Z2-9]{8}", page)
    picture = re.search(r'src="(data:image/svg[^"]+)"', page)

    assert address
    assert picture
    assert html.unescape(picture[1]) == segno.make_qr(address[0], error="m").svg_data_uri(scale=4)


def test_the_paper_holds_what_the_other_side_may_read_and_the_task_list_fits_on_a_phone(
    house: House, inside: httpx.Client, browser: Browser
) -> None:
    context = new_context(browser, house, PHONE)
    context.add_cookies(
        [{"url": house.url, "name": n, "value": v} for n, v in inside.cookies.items()]
    )
    page = context.new_page()
    page.goto("/console/tasks")
    assert page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('.wide')]"
        ".every(each => each.scrollWidth <= each.clientWidth)"
    )

    page.get_by_role("button", name="打印邀请").click()
    page.emulate_media(media="print")

    title, *lines = [line for line in page.locator("body").inner_text().splitlines() if line]
    context.close()
    assert title == "邀请"
    assert lines[0].startswith("你好，这里是")
    assert lines[-1].startswith("不想谈")
    assert not re.search("申请人|作废|案件|打印", "".join(lines))


def test_under_a_hold_and_after_it_the_task_list_has_nothing_to_print(
    house: House, inside: httpx.Client
) -> None:
    flags = frozenset({"harm_others"})
    house.writer.submit(lambda work: booking.hold_case(work, 1, flags, MONDAY)).result()
    assert "没有待办的事" in inside.get("/console/tasks").text

    house.writer.submit(lambda work: release_by_case(work, 1, MONDAY, "officer")).result()
    tasks = inside.get("/console/tasks").text
    assert "先单独问申请人" in tasks
    assert "打印邀请" not in tasks
    record = inside.get("/console/cases/1").text
    for words in ("收回“把邀请交给对方”", "由人去问", "值班的人"):
        assert words in record


def test_a_look_at_the_page_uses_up_nothing_and_a_nonsense_code_shows_nothing(
    house: House,
) -> None:
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", "\n".join(paper_of(house)))
    assert code
    with house.client() as other:
        for _ in range(3):
            assert other.get(f"/i/{code[0]}").status_code == 200
        assert "script" not in other.get("/i/<script>alert(1)").text.split("<textarea")[1]

    taken = house.turns.take(Incoming("webchat", "other", "m1", start=f"i{code[0]}"))
    assert taken.replies[0].template == "invited"


def test_nobody_makes_an_invitation_without_signing_in_or_its_form(
    house: House, inside: httpx.Client
) -> None:
    with house.client() as stranger:
        assert stranger.post("/console/cases/1/invitation").status_code in {303, 403}
    assert (
        inside.post("/console/cases/1/invitation", files={"token": (None, "x")}).status_code == 403
    )
    assert house.writer.read(lambda work: work.invitations.of_code("AAAA2222")) is None


def test_the_console_says_why_there_is_no_invitation(house: House, inside: httpx.Client) -> None:
    house.writer.submit(lambda work: two_sides.allow_contact(work, 1, False, MONDAY)).result()

    assert "没有同意联系对方" in press(inside)


def test_the_command_line_prints_an_invitation_and_tells_a_refusal(
    tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("HEJIE_DATA", str(tmp_path))
    monkeypatch.setenv("HEJIE_DATABASE_URL", f"sqlite:///{tmp_path / 'hejie.db'}")
    (tmp_path / "models").symlink_to(models_folder(), target_is_directory=True)
    assert main(["invite", "--case", "1"]) == 1
    assert "NoSuchCase" in capsys.readouterr().err
    writer = cli_words.ready_writer(settings_of(tmp_path))
    case = a_case(1, flags=())

    def job(work):
        work.conversations.add(a_conversation("c1", consented_at=NOW))
        work.cases.add(case)
        two_sides.allow_contact(work, 1, True, NOW)

    writer.submit(job).result()
    writer.close()

    assert not main(["invite", "--case", "1"])
    assert re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", capsys.readouterr().out)
    assert not main(["refused", "--case", "1"])
    assert "other_side_refused" in capsys.readouterr().out


def settings_of(folder: Path) -> Settings:
    return read_settings(
        {"HEJIE_DATA": str(folder), "HEJIE_DATABASE_URL": f"sqlite:///{folder / 'hejie.db'}"}
    )


# delivery looks once more


def test_the_news_of_an_end_goes_out_though_the_case_is_over(work: OpenWork, roster) -> None:
    keep(work, a_conversation("c1", consented_at=NOW), a_case(1, flags=()))
    with work() as kept:
        _, words = two_sides.end_case(kept, 1, Role.RESPONDENT, True, NOW)

        assert {word.template for word in words} <= NEWS_OF_THE_END
        for template, wanted in (("other_side_refused", True), ("session_soon", False)):
            word = OutWord("c1", template, "", NOW, case_number=1, unasked=True)
            assert is_still_wanted(kept, word, NOW) is wanted
