from datetime import datetime, timedelta

import pytest

from bot.app import App, build_app
from bot.messages import Incoming
from bot.releasing import release_by_case, release_conversation
from bot.settings import read_settings
from domain.calendar import LOCAL
from domain.errors import StageNotReachable
from tests.trained import models_folder

NOW = datetime(2026, 11, 23, 10, tzinfo=LOCAL)


class Person:
    """Somebody at the terminal, with a clock that the test moves."""

    def __init__(self, folder) -> None:
        folder.mkdir()
        (folder / "models").symlink_to(models_folder(), target_is_directory=True)
        self.now = NOW
        self.app: App = build_app(read_settings({"HEJIE_DATA": str(folder)}), lambda: self.now)
        self.count = 0
        self.conversation_id = ""

    def say(self, text: str | None = None, choice: str | None = None) -> list[str]:
        self.count += 1
        message = Incoming("terminal", "her", f"m{self.count}", text=text, choice=choice)
        taken = self.app.turns.take(message)
        self.conversation_id = taken.conversation_id
        return [reply.template for reply in taken.replies]

    def words_kept(self) -> list[str]:
        rows = self.app.writer.read(lambda work: work.pages.transcript(self.conversation_id))
        return [row.text for row in rows if hasattr(row, "intent") and row.text]


@pytest.fixture
def person(tmp_path):
    person = Person(tmp_path / "var")
    yield person
    person.app.close()


def test_a_story_told_in_three_messages_before_consent_is_one_story(person):
    for words in ("我朋友前年借了我两万三", "有借条的", "到现在一分都没还"):
        assert person.say(words) == ["notice"]

    assert person.words_kept() == []
    assert "type_taken" in person.say(choice="consent:yes")
    assert person.words_kept() == ["我朋友前年借了我两万三", "有借条的", "到现在一分都没还"]


def test_who_does_not_agree_leaves_no_word_behind(person):
    person.say("我朋友前年借了我两万三")
    person.say(choice="consent:no")

    assert person.say(choice="consent:yes") == ["consent_thanks", "tell_story"]
    assert person.words_kept() == []


def test_a_message_waits_half_an_hour_and_no_longer(person):
    person.say("我朋友前年借了我两万三，有借条，不还")
    person.now += timedelta(minutes=31)

    assert person.say(choice="consent:yes") == ["consent_thanks", "tell_story"]


def test_only_an_officer_lets_a_held_person_go_on(person):
    person.say("我男人喝了酒就打我，不准我出门")
    assert person.say("继续") == ["held_listening"]

    held = person.conversation_id
    assert person.app.writer.submit(lambda work: release_conversation(work, held)).result()
    assert person.say("你好") == ["notice"]  # nothing was agreed to before
    assert not person.app.writer.submit(lambda work: release_conversation(work, held)).result()


def test_a_case_that_is_not_held_cannot_be_released(person):
    person.say("楼上天天半夜拖椅子跳绳，吵得我整夜睡不着，昆明五华区这边")
    person.say(choice="consent:yes")
    for _ in range(6):
        if "read_back" in person.say("不晓得"):
            break
    person.say("对")
    number = person.app.writer.read(
        lambda work: work.conversations.get("terminal", "her").case_number
    )

    with pytest.raises(StageNotReachable):
        person.app.writer.submit(
            lambda work: release_by_case(work, number, NOW, "officer")
        ).result()
