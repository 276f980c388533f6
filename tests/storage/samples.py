"""Rows to keep in tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.case import MediationCase, Party, Role
from domain.conversation import Conversation, HeardMessage, OutWord, Task, TaskKind
from domain.facts import FactKind, FactValue
from domain.follow_up import FollowUp, FollowUpKind
from domain.session import SessionBooking, SessionKind
from storage.unit_of_work import SqlUnitOfWork
from tests.conftest import NOW

OpenWork = Callable[[], SqlUnitOfWork]


def a_conversation(id_: str = "c1", **others: Any) -> Conversation:
    fields: dict[str, Any] = {"channel": "webchat", "sender": f"sender of {id_}", "state": {}}
    return Conversation(**{"id": id_, "updated_at": NOW, **fields, **others})


def a_message(message_id: str = "m1", conversation_id: str = "c1", **others: Any) -> HeardMessage:
    fields: dict[str, Any] = {"channel": "webchat", "at": NOW, "text": "老板欠我工钱"}
    return HeardMessage(
        **{"message_id": message_id, "conversation_id": conversation_id, **fields, **others}
    )


def a_word(text: str = "请问你叫什么？", conversation_id: str = "c1", **others: Any) -> OutWord:
    return OutWord(
        **{"conversation_id": conversation_id, "template": "ask", "text": text, "at": NOW, **others}
    )


def a_case(number: int = 1, **others: Any) -> MediationCase:
    fields: dict[str, Any] = {
        "dispute_type": "labour_wage",
        "parties": (
            Party(Role.APPLICANT, "杨某", "0876-0000000", "c1"),
            Party(Role.RESPONDENT, "包工头"),
        ),
        "summary": "老板欠我工钱三万五",
        "opened_at": NOW,
        "county": "西畴县",
        "township": "兴街镇",
        "facts": {
            "wage_owed": FactValue(FactKind.AMOUNT, [3_500_000, 3_500_000], "三万五", approx=True),
            "place": FactValue(FactKind.PLACE, {"county": "西畴县", "township": "兴街镇"}),
        },
        "flags": frozenset({"mass"}),
    }
    return MediationCase(**{"number": number, **fields, **others})


def a_session(case_number: int = 1, **others: Any) -> SessionBooking:
    fields: dict[str, Any] = {
        "mediator_id": "xichou-1",
        "kind": SessionKind.WALK_IN,
        "starts_at": NOW.replace(day=24),
        "minutes": 60,
        "place": "西畴县综治中心",
    }
    return SessionBooking(**{"id": 0, "case_number": case_number, **fields, **others})


def a_follow_up(key: str = "k1", due_at: datetime = NOW, **others: Any) -> FollowUp:
    fields: dict[str, Any] = {"kind": FollowUpKind.CHECK_WEEK, "recipient": Role.APPLICANT}
    return FollowUp(**{"case_number": 1, "due_at": due_at, "key": key, **fields, **others})


def a_task(key: str = "t1", **others: Any) -> Task:
    return Task(**{"kind": TaskKind.PHONE, "opened_at": NOW, "due_at": NOW, "key": key, **others})


def keep(work: OpenWork, *rows: Conversation | MediationCase) -> None:
    with work() as kept:
        for row in rows:
            if isinstance(row, Conversation):
                kept.conversations.add(row)
            else:
                kept.cases.add(row)
        kept.commit()
