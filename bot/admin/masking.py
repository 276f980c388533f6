"""What a transcript shows of people: numbers, names and one-time links are masked before."""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.case import MediationCase
from domain.conversation import Conversation, HeardMessage, OutWord
from domain.facts import FactKind
from nlu.readers.contacts import SURNAMES, mask, mask_names, names_said

_LINK = re.compile(r"(?<=/mine/)[\w=-]{20,}|(?<=/e/)[\w=-]{20,}", re.ASCII)
_NAME = re.compile(rf"[{SURNAMES}][\u4e00-\u9fff]{{1,2}}")


class Masking:
    """Masks numbers wherever they stand, and the names that are known of one conversation."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = {name for name in names if len(name) > 1}

    def __call__(self, text: str) -> str:
        """Return the text as a page may show it: 李四 becomes 李某, 13812345678 138****5678.

        A one-time link is its reader's alone: who opened it in the console would see all, unmasked.
        """
        return mask(mask_names(_LINK.sub("****", text), self._names))


def masking_of(
    conversation: Conversation,
    cases: Iterable[MediationCase],
    rows: Iterable[HeardMessage | OutWord],
) -> Masking:
    """Return the masking for one conversation, with the names told in it and in its cases."""
    in_cases = {name for case in cases for name in _party_names(case)}
    return Masking({*_known_names(conversation), *in_cases, *_said_names(rows)})


def _known_names(conversation: Conversation) -> set[str]:
    known = conversation.state.get("known", {})
    return {str(fact["value"]) for fact in known.values() if fact["kind"] == FactKind.NAME.value}


def _party_names(case: MediationCase) -> set[str]:
    """Return the names of the sides; a side may be called by what it is (老板), which stays."""
    return {party.name for party in case.parties if _NAME.fullmatch(party.name)}


def _said_names(rows: Iterable[HeardMessage | OutWord]) -> set[str]:
    heard = (row.text or "" for row in rows if isinstance(row, HeardMessage))
    return {name for text in heard for name in names_said(text)}
