"""The greeting before a story, which says nothing of the story."""

from __future__ import annotations

import re

REST = 9  # characters that must be left for the greeting to be one before something
_GREETING = re.compile(
    r"^[\s,，。.!！~～、]*(?:(?:律师|老师|师傅|同志|领导|老乡|大哥|大姐|喂|嗨|哈喽)?[\s,，]*"
    r"(?:你们?好|您好|早上好|上午好|中午好|下午好|晚上好|大家好|在吗|在不在)"
    r"(?:律师|老师|师傅|同志|领导|啊|呀|哈|嘛)?[\s,，。.!！?？~～、:：]*)+"
)


def without_greeting(text: str) -> str:
    """Return the text without its greeting; a greeting alone stays.

    >>> without_greeting("律师你好，老板欠我三个月工资"), without_greeting("你好呀")
    ('老板欠我三个月工资', '你好呀')
    """
    rest = _GREETING.sub("", text, count=1)
    return rest if len(rest) >= REST else text
