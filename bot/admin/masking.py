"""What a transcript shows of people: numbers and names are masked before a page sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from domain.case import MediationCase
from domain.conversation import Conversation, HeardMessage, OutWord
from domain.facts import FactKind
from nlu.readers.contacts import mask

# The hundred commonest surnames; they cover 85 of 100 people.
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_NAME = re.compile(rf"[{SURNAMES}][\u4e00-\u9fff]{{1,2}}")
_SAID = re.compile(
    rf"(?:我叫|名叫|叫做|姓名是?|名字是?叫?)[:： ]?([{SURNAMES}][\u4e00-\u9fff]{{1,2}})"
)


class Masking:
    """Masks numbers wherever they stand, and the names that are known of one conversation."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = {name for name in names if len(name) > 1}

    def __call__(self, text: str) -> str:
        """Return the text as a page may show it: 李四 becomes 李某, 13812345678 138****5678."""
        for name in sorted(self._names, key=len, reverse=True):
            text = text.replace(name, name[0] + "某")
        return mask(text)


def masking_of(
    conversation: Conversation,
    case: MediationCase | None,
    rows: Iterable[HeardMessage | OutWord],
) -> Masking:
    """Return the masking for one conversation, with the names told in it and in its case."""
    return Masking({*_known_names(conversation), *_party_names(case), *_said_names(rows)})


def _known_names(conversation: Conversation) -> set[str]:
    known = conversation.state.get("known", {})
    return {str(fact["value"]) for fact in known.values() if fact["kind"] == FactKind.NAME.value}


def _party_names(case: MediationCase | None) -> set[str]:
    """Return the names of the sides; a side may be called by what it is (老板), which stays."""
    if case is None:
        return set()
    return {party.name for party in case.parties if _NAME.fullmatch(party.name)}


def _said_names(rows: Iterable[HeardMessage | OutWord]) -> set[str]:
    found = {
        name
        for row in rows
        if isinstance(row, HeardMessage)
        for name in _SAID.findall(row.text or "")
    }
    return found | {name[:2] for name in found}  # 我叫李四的: the name may be the shorter one
