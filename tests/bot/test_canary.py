"""A planted name, phone, ID and sentence go through everything, and turn up nowhere else."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from PIL import Image
from starlette.routing import Mount, Route

from bot.cli import main
from bot.web import build_web
from domain.case import MediationCase, Party, Role
from domain.services import two_sides
from nlu.candidates import add_candidate
from nlu.interpreter import Heard, Understanding
from storage.sealing import Keyring
from tests.bot.console_visits import set_up, sign_in
from tests.bot.webhouse import MONDAY, House, Keywords, say, serving
from tests.storage.raw import every_value, in_files
from tests.storage.samples import a_session

pytestmark = pytest.mark.usefixtures("quick_hashes")

NAME, PHONE, ID = "杨阿迪", "13877001234", "530102199003071230"
SENTENCE = "他把我家田埂上的核桃树锯掉了三棵工钱"
STORY = f"我叫{NAME}，电话{PHONE}，身份证{ID}，{SENTENCE}"
PLANTED = (NAME, PHONE, ID, SENTENCE)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with serving(tmp_path) as house:
        yield house


def planted_in(text: str) -> list[str]:
    return [word for word in PLANTED if word in text]


def holds_planted(path: Path) -> bool:
    """Whether a planted word stands in the name of a file or in it, byte by byte."""
    inside = path.read_bytes() if path.is_file() else b""
    return bool(planted_in(path.name)) or any(word.encode() in inside for word in PLANTED)


def live(house: House) -> dict[str, str]:
    """Let somebody tell the planted words in many ways; return what others got to see."""
    seen: dict[str, str] = {}
    with house.client() as citizen, house.client() as other:
        say(citizen, choice="consent:yes")
        say(citizen, STORY)
        say(citizen, "我的信息")
        give_photo(citizen)
        citizen.post("/chat/messages", content=STORY.encode())
        citizen.post("/chat/messages", json={"id": "short", "text": STORY})
        citizen.post("/chat/messages", json={"id": "a" * 20, "text": STORY, "choice": STORY})
        seen["a fault"] = citizen.get(f"/{SENTENCE}").text
        seen["another fault"] = citizen.post("/", data={"text": STORY, "token": "x"}).text
        say(other, choice="consent:yes")
        reply = next(each for each in say(other, "我的信息") if "/mine/" in each["text"])
        link = next(part["href"] for part in reply["parts"] if "href" in part)
        seen["somebody else's export"] = other.post(link).text
        seen["somebody else's page"] = other.get("/").text
        seen |= faults(other)
        seen["metrics"] = other.get("/metrics").text
        seen["readyz"] = other.get("/readyz").text
    with house.client(follow_redirects=True) as clerk:
        set_up(clerk, house.code)
        sign_in(clerk)
        seen["the console's list"] = clerk.get("/console/conversations").text
        seen["the console's audit"] = clerk.get("/console/audit").text
        seen |= desk_of(house, clerk)
    return seen


def give_photo(citizen: httpx.Client) -> None:
    """Send a photo that bears the planted words in its name and inside."""
    made = io.BytesIO()
    Image.new("RGB", (40, 30)).save(made, "JPEG", comment=STORY.encode())
    token = re.search(r'name="token" value="(\w+)"', citizen.get("/").text)
    assert token
    file = (f"{NAME}{PHONE}{SENTENCE}.jpg", made.getvalue(), "image/jpeg")
    given: dict[str, Any] = {"token": (None, token[1]), "id": (None, "c" * 32), "file": file}
    page = citizen.post("/", files=given, follow_redirects=True).text
    assert "收到一张照片" in page


def faults(other: httpx.Client) -> dict[str, str]:
    """Every kind of error page, each asked for with the planted words."""
    long, files = STORY * 2000, {"file": (f"{STORY}.jpg", STORY.encode(), "image/jpeg")}
    answers = [
        other.delete(f"/chat/messages?{SENTENCE}"),
        other.post("/chat/messages", json={"id": "b" * 20, "text": long}),
        other.post("/chat/messages", content=STORY.encode("gb18030")),
        other.post("/chat/files", files=files, headers={"origin": "https://elsewhere.example"}),
        other.post("/resume", data={"code": STORY}),
        other.get(f"/i/{STORY}"),
        other.get(f"/e/{STORY}"),
        other.post(f"/mine/{STORY}"),
        other.get(f"/static/{STORY}"),
        other.get(f"/console/cases/{STORY}"),
        other.post("/console/sign-in", data={"password": STORY, "token": STORY}),
        other.post(f"/telegram?{STORY}", content=STORY.encode()),
        other.post(f"/wechat?{STORY}", content=STORY.encode()),
    ]
    assert {each.status_code for each in answers} >= {400, 403, 404, 405, 413}
    return {f"{each.request.method} {each.url.path}": each.text for each in answers}


def desk_of(house: House, clerk: httpx.Client) -> dict[str, str]:
    """What the console shows and prints of a case beside its transcript."""
    sides = (Party(Role.APPLICANT, NAME, PHONE), Party(Role.RESPONDENT, NAME, PHONE))
    case = MediationCase(1, "neighbour", sides, SENTENCE, MONDAY)

    def job(work: Any) -> None:
        work.cases.add(case)
        work.sessions.add(a_session(mediator_id=work.roster.all()[0].id))
        two_sides.allow_contact(work, 1, True, MONDAY)

    house.writer.submit(job).result()
    tasks = clerk.get("/console/tasks").text
    day = clerk.get("/console/sessions", params={"day": "2026-11-24"}).text
    token = re.search(r'name="token" value="(\w+)"', tasks)
    assert token
    assert "/console/cases/1" in day
    paper = clerk.post("/console/cases/1/invitation", files={"token": (None, token[1])}).text
    assert re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", paper)
    return {"the tasks": tasks, "the sessions": day, "the printed invitation": paper}


def database_of(house: House) -> tuple[str, list[str]]:
    from storage.engine import open_engine

    engine = open_engine(house.settings.database_url)
    dump = "\n".join(value for _, _, value in every_value(engine))
    engine.dispose()
    return dump, in_files(Path(str(engine.url.database)), *PLANTED)


def test_what_one_person_tells_appears_nowhere_it_does_not_belong(
    house: House, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = live(house)
    add_candidate(tmp_path, {"text": STORY, "intent": "dispute", "dispute_type": "neighbour"})
    correction = next((tmp_path / "review").iterdir()).read_text(encoding="utf-8")
    dump, files = database_of(house)
    files += [str(each) for each in (tmp_path / "evidence").rglob("*") if holds_planted(each)]

    assert {place: planted_in(text) for place, text in seen.items() if planted_in(text)} == {}
    assert [line for line in logged(caplog) if planted_in(line)] == []
    assert planted_in(correction) == [SENTENCE]  # a correction teaches the sentence, nobody in it
    assert planted_in(dump) == []
    assert files == []


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What we wrote into the log, addresses readable; the browser of the tests has its own."""
    ours = (each for each in caplog.records if not each.name.startswith("http"))
    return [unquote(f"{each.getMessage()} {each.exc_text or ''}") for each in ours]


class Choking(Keywords):
    """Cannot read a story, and says so with the story itself, as libraries do."""

    def read(self, messages: Sequence[Heard]) -> list[Understanding]:
        if any(SENTENCE in message.text for message in messages):
            raise ArithmeticError(messages[0].text)
        return super().read(messages)


def test_what_could_not_be_taken_is_in_no_answer_log_figure_or_line_at_the_command_line(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(tmp_path, interpreter=Choking(), pause_seconds=0) as house:
        with house.client() as citizen:
            say(citizen, choice="consent:yes")
            answers = [str(say(citizen, STORY)), citizen.get("/metrics").text]
        with house.client(follow_redirects=True) as clerk:
            set_up(clerk, house.code)
            sign_in(clerk)
            answers.append(clerk.get("/console/tasks").text)
    keys = tmp_path / "keys"
    keys.write_text(base64.b64encode(bytes(range(32))).decode())
    keys.chmod(0o600)
    monkeypatch.setenv("HEJIE_DATA", str(tmp_path))
    words = (["dead"], ["keys"], ["purge", "--dry-run"], ["migrate"])

    assert [main(word) or 0 for word in words] == [0] * len(words)

    told = capsys.readouterr()
    assert '"words_kept": true' in told.out
    for text in (*answers, told.out, told.err, *logged(caplog)):
        assert planted_in(text) == []
    assert any("ArithmeticError" in line for line in logged(caplog))


def test_the_canary_sings_where_sealing_is_off(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Keyring, "seal", lambda self, plain, _: self.newest_head + plain)
    monkeypatch.setattr(Keyring, "open", lambda _, sealed, __: sealed[5:])
    with house.client() as citizen:
        say(citizen, choice="consent:yes")
        say(citizen, STORY)

    assert set(planted_in(database_of(house)[0])) == set(PLANTED)


def test_the_canary_sings_where_masking_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nlu.candidates.mask", lambda text: text)
    add_candidate(tmp_path, {"text": STORY, "intent": "dispute", "dispute_type": "neighbour"})

    kept = json.loads(next((tmp_path / "review").iterdir()).read_text(encoding="utf-8"))
    assert planted_in(kept["text"]) == list(PLANTED)


OPEN_TO_ALL = {"/console/setup", "/console/sign-in", "/console/sign-out"}
READS_WORDS = {"/console/conversations/{id}"}


def console_routes(house: House) -> list[tuple[str, str]]:
    mounts = [each for each in build_web(house).routes if isinstance(each, Mount)]
    console = next(each for each in mounts if each.path == "/console")
    return [
        (method, f"/console{route.path}")
        for route in console.routes
        if isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def filled(path: str, id_: str) -> str:
    return re.sub(r"\{\w+:\w+\}", "1", path).replace("{id}", id_)


def test_every_route_of_the_console_leads_who_is_not_signed_in_to_the_door(house: House) -> None:
    routes = [each for each in console_routes(house) if each[1] not in OPEN_TO_ALL]
    assert len(routes) >= 10
    with house.client() as stranger:
        for method, path in routes:
            answer = stranger.request(method, filled(path, "c1"))
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"] == "/console/sign-in", (method, path)


def test_who_is_signed_in_reads_words_only_with_an_audit_row(house: House) -> None:
    with house.client() as citizen:
        say(citizen, choice="consent:yes")
        say(citizen, SENTENCE)
    with house.client(follow_redirects=True) as clerk:
        set_up(clerk, house.code)
        sign_in(clerk)
        page = clerk.get("/console/conversations").text
        found = re.search(r"/console/conversations/([0-9a-f]{16})", page)
        assert found
        for method, path in console_routes(house):
            if method != "GET" or path in OPEN_TO_ALL:
                continue
            before = readings(house, found[1])
            text = clerk.get(filled(path, found[1])).text
            told = SENTENCE in text
            assert not told or readings(house, found[1]) == before + 1, path
            assert told or path not in READS_WORDS, path


def readings(house: House, id_: str) -> int:
    rows: Any = house.writer.read(lambda work: work.audit.latest(100))
    return len([row for row in rows if row.subject == id_])


def test_a_case_is_found_by_a_phone_that_stands_in_no_address(house: House) -> None:
    sides = (Party(Role.APPLICANT, NAME, PHONE), Party(Role.RESPONDENT, "邻居"))
    cases = [MediationCase(number, "neighbour", sides, SENTENCE, MONDAY) for number in (1, 2)]
    for case in cases:
        house.writer.submit(lambda work, case=case: work.cases.add(case)).result()
    with house.client(follow_redirects=True) as clerk:
        set_up(clerk, house.code)
        sign_in(clerk)
        page = clerk.get("/console/conversations").text
        token = re.search(r'name="token" value="(\w+)"', page)
        assert token
        given: dict[str, Any] = {"token": (None, token[1]), "wanted": (None, "138-7700-1234")}
        answer: httpx.Response = clerk.post("/console/find", files=given)
        assert ("/console/cases/1" in answer.text, "/console/cases/2" in answer.text) == (
            True,
            True,
        )
        assert PHONE not in str(answer.url)
        missing = clerk.post("/console/find", files=given | {"wanted": (None, "13900000000")})
        assert "没有找到" in missing.text
