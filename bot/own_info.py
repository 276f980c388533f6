"""Consent and a person's own info: what a dialogue wants done of it, and its form as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.dialogue.effects import (
    Effect,
    EraseInfo,
    FindReaders,
    GiveConsent,
    LapseConsent,
    OfferInfo,
    RevokeConsent,
)
from bot.dialogue.events import Event, InfoErased, InfoReady, ReadersFound
from bot.dialogue.side_questions import TIMES
from bot.dialogue.state import from_data
from bot.render import Renderer
from domain.catalogue import Catalogue, DisputeSheet
from domain.conversation import Conversation
from domain.facts import FactValue
from domain.ports import UnitOfWork
from domain.privacy import Notice
from domain.services import privacy

EFFECTS = (GiveConsent, LapseConsent, RevokeConsent, OfferInfo, FindReaders, EraseInfo)


def carry_out(
    work: UnitOfWork, conversation: Conversation, effect: Effect, notice: Notice, now: datetime
) -> tuple[Conversation, Event | None]:
    """Do what the effect says; returns the conversation after it and the effect's answer."""
    match effect:
        case GiveConsent():
            return privacy.give_consent(work, conversation, notice, now), None
        case LapseConsent():
            return replace(conversation, consented_at=None, consented_to=None), None
        case RevokeConsent():
            return privacy.revoke_consent(work, conversation, notice, now), None
        case OfferInfo(numbers):
            return conversation, _offer(work, conversation, numbers, now)
        case FindReaders():
            return conversation, ReadersFound(tuple(privacy.readings(work, conversation.id)))
        case EraseInfo(numbers):
            conversation, erased = privacy.erase(work, conversation, numbers, now)
            return conversation, InfoErased(erased)
    raise AssertionError(effect)


def open_link(work: UnitOfWork, code: str, now: datetime) -> privacy.OwnInfo | None:
    """Return whose info the link of this code leads to, once; None where it leads nowhere."""
    conversation_id = work.privacy.use_link(privacy.link_digest(code), now)
    conversation = work.conversations.by_id(conversation_id) if conversation_id else None
    if conversation is None:
        return None
    return privacy.own_info(work, conversation, from_data(conversation.state).case_numbers)


def as_data(info: privacy.OwnInfo, catalogue: Catalogue, renderer: Renderer) -> dict[str, Any]:
    """Return the info as JSON-ready data with plain names; times are ISO in Asia/Shanghai."""
    return {
        "channel": info.conversation.channel,
        "consents": [
            {"at": each.at.isoformat(), "given": each.given, "notice": each.notice}
            for each in info.consents
        ],
        "messages": [{"at": at.isoformat(), "text": text} for at, text in info.messages],
        "draft": _draft(info, catalogue, renderer),
        "cases": [_case(each, catalogue, renderer) for each in info.cases],
        "evidence": [
            {"at": each.at.isoformat(), "kind": each.kind, "bytes": each.size}
            for each in info.evidence
        ],
        "read_by": [
            {"at": each.at.isoformat(), "role": each.role, "name": each.name}
            for each in info.readings
        ],
    }


def _draft(info: privacy.OwnInfo, catalogue: Catalogue, renderer: Renderer) -> dict[str, str]:
    """Return what was told for a matter that is no case yet, by the label of each fact."""
    state = from_data(info.conversation.state)
    if state.case_number is not None or state.dispute_type is None:
        return {}
    return _facts(state.known, catalogue.sheet(state.dispute_type), renderer)


def _case(own: privacy.OwnCase, catalogue: Catalogue, renderer: Renderer) -> dict[str, Any]:
    sheet = catalogue.sheet(own.dispute_type)
    return {
        "number": own.number,
        "type": sheet.label,
        "stage": own.stage,
        "opened_at": own.opened_at.isoformat(),
        "role": own.role.value,
        "name": own.name,
        "phone": own.phone,
        "sessions": [
            {"at": each.starts_at.isoformat(), "place": each.place, "status": each.status.value}
            for each in own.sessions
        ],
        "story": own.story,
        "facts": _facts(own.facts, sheet, renderer),
    }


def _facts(
    known: Mapping[str, FactValue], sheet: DisputeSheet, renderer: Renderer
) -> dict[str, str]:
    facts = [fact for fact in (*sheet.facts, TIMES) if fact.name in known]
    return {fact.label: renderer.said(known[fact.name], fact) for fact in facts}


def _offer(
    work: UnitOfWork, conversation: Conversation, numbers: tuple[int, ...], now: datetime
) -> InfoReady:
    info = privacy.own_info(work, conversation, numbers)
    code = privacy.offer_link(work, conversation.id, now)
    return InfoReady(
        code, conversation.channel, len(info.messages), len(info.cases), len(info.readings)
    )
