"""Somebody who talks to a real house, with words and a name that must not be found elsewhere."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.state import Dialogue, Stage, to_data
from bot.messages import Incoming
from bot.render import House as Words
from bot.turns import Turns
from domain.case import Party, Role
from domain.conversation import Conversation
from domain.facts import FactKind, FactValue
from domain.services.intake import OpenCase, open_case
from storage.unit_of_work import SqlUnitOfWork
from storage.writer import Writer
from tests.bot.webhouse import PLAIN, Keywords, catalogue, renderer
from tests.conftest import NOW

STORY = "老板欠我三万块工钱，他把我的铲子也拿走了"
OTHERS = "他天天喝酒闹事"
NAME, PHONE = "杨阿迪", "13877001234"


class Talk:
    """Somebody who talks to a real house on a real database, the words of the house as given."""

    def __init__(self, writer: Writer, words: Words = PLAIN, sender: str = "yang") -> None:
        self.writer = writer
        self.turns = Turns(writer, Keywords(), catalogue(), renderer(words), lambda: NOW)
        self.sender = sender
        self.count = 0

    def says(self, text: str | None = None, choice: str | None = None) -> list[str]:
        """Return the templates of the replies."""
        self.count += 1
        id_ = f"{self.sender}-{self.count}-{id(self)}"
        incoming = Incoming("webchat", self.sender, id_, text=text, choice=choice)
        self.replies = self.turns.take(incoming).replies
        return [reply.template for reply in self.replies]

    @property
    def conversation(self) -> Conversation:
        found = self.writer.read(lambda work: work.conversations.get("webchat", self.sender))
        assert found is not None
        return found

    def agrees(self) -> Talk:
        self.says(choice="consent:yes")
        return self

    def has_case(self) -> int:
        """Open a case for this conversation, as at the end of an intake."""
        id_ = self.conversation.id

        def job(work: SqlUnitOfWork) -> int:
            facts = {"wage_owed": FactValue(FactKind.AMOUNT, [3_000_000, 3_000_000], "三万")}
            wish = OpenCase(id_, "labour_wage", STORY, facts, frozenset())
            case = open_case(work, wish, NOW)
            named = Party(Role.APPLICANT, NAME, PHONE, id_)
            case = work.cases.get(case.number)
            work.cases.save(replace(case, parties=(named, *case.parties[1:])))
            conversation = work.conversations.by_id(id_)
            assert conversation is not None
            state = to_data(Dialogue(Stage.RESTING, case_number=case.number))
            work.conversations.save(replace(conversation, state=state, case_number=case.number))
            return case.number

        return self.writer.submit(job).result()
