"""What is not taken on a channel whose words leave the country: taken out before it is read."""

from __future__ import annotations

import re

from nlu.readers.contacts import ContactKind, contacts_in

NUMBERS = {ContactKind.ID_CARD: "（证件号）", ContactKind.BANK_CARD: "（卡号）"}
_CHILD = r"(?:孩子|小孩|儿子|女儿|娃娃?|姑娘|孙子|孙女|学生)"
_CALLED = r"(?:叫做?|名叫|姓名是?|名字是)"
_NAME = re.compile(rf"({_CHILD}[^，。,！!？?\n]{{0,4}}?{_CALLED})[\u4e00-\u9fff]{{2,3}}")


def without_private(text: str) -> str:
    """Return the text without ID and card numbers and without the name of a child.

    >>> without_private("我叫李红军，身份证530102199003078012")
    '我叫李红军，身份证（证件号）'
    >>> without_private("我儿子叫杨小明，今年9岁，在学校被打了")
    '我儿子叫（孩子的名字），今年9岁，在学校被打了'
    """
    pieces, at = [], 0
    for number in contacts_in(text):
        if number.kind in NUMBERS and number.start >= at:
            pieces += [text[at : number.start], NUMBERS[number.kind]]
            at = number.end
    return _NAME.sub(r"\1（孩子的名字）", "".join([*pieces, text[at:]]))
