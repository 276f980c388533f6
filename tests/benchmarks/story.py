"""Citizens who tell a story, answer what is asked and book, for benchmarks."""

from __future__ import annotations

import itertools
import zlib

STORIES = (
    "我们七个人在扎西镇修房子，干了四个月，一天两百二，没签合同，还欠我们十二万八",
    "隔壁修房子把滴水檐伸到我家院心头，一下雨水全倒进来，墙都泡起壳了",
    "朋友前年借了我两万三，有借条，说好过年还，到现在电话都不接",
    "骑电动车被小车撞了，脚断了，他说私了给三千",
    "婚没结成，彩礼八万八他家不退，三金也不退",
    "上面那家把水沟堵起来自己放，我家秧苗干死两亩",
)
TYPED = {
    "ask_fact": ("不晓得", "去年十月", "在威信县扎西镇", "三万五", "没有", "包工头", "赔钱就行"),
}

MOST_TURNS = 20  # who has no session by then lets it be


class Citizen:
    """One person's part of conversation after conversation; takes the first sensible choice."""

    def __init__(self, sender: str) -> None:
        self._name = sender
        self._talk = 0
        self._count = itertools.count(1)
        self._turn = 0
        self._has_booked = False

    @property
    def sender(self) -> str:
        """The sender of the conversation under way."""
        return f"{self._name}-{self._talk}"

    def message_id(self) -> str:
        """A fresh message id."""
        return f"{self._name}-{next(self._count):08d}"

    def say(self, offered: list[str]) -> dict[str, str]:
        """Return the next message, as text or choice, given the choices offered last."""
        self._turn += 1
        if not offered or self._has_booked or self._turn > MOST_TURNS:
            if self._turn > 1:
                self.start_over()
            return {"text": STORIES[zlib.crc32(self.sender.encode()) % len(STORIES)]}
        for wanted in ("consent:yes", "type:", "back:right", "kind:phone", "slot:"):
            for id_ in offered:
                if id_.startswith(wanted) and id_ != "type:none":
                    self._has_booked = wanted == "slot:"
                    return {"choice": id_}
        if len(offered) > 2 and offered[0].startswith("fact:"):
            return {"choice": offered[0]}
        return {"text": TYPED["ask_fact"][self._turn % len(TYPED["ask_fact"])]}

    def start_over(self) -> None:
        """Begin a new conversation as somebody else."""
        self._talk += 1
        self._turn = 1
        self._has_booked = False
