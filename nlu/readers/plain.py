"""One plain spelling of a text, character for character, so that spans stay true."""

import re

_WIDE = {0xFF10 + d: str(d) for d in range(10)}
_WIDE |= {0xFF21 + i: chr(0x41 + i) for i in range(26)}
_WIDE |= {0xFF41 + i: chr(0x61 + i) for i in range(26)}
_FROM = "．：／－％　￥～〜—–萬兩塊個畝歲幾點號錢億圓圆〇○"
_TO = ".:/-% ¥~~--万两块个亩岁几点号钱亿元元零零"
_PLAIN = _WIDE | str.maketrans(_FROM, _TO)
_CAPITALS = "壹贰貳叁參肆伍陆陸柒捌玖拾佰仟"
_BANKING = _PLAIN | str.maketrans(_CAPITALS, "一二二三三四五六六七八九十百千")
_IS_BANKING = re.compile(f"[佰仟]|[{_CAPITALS}]拾|拾[{_CAPITALS}元圆圓万萬]")


def plain(text: str) -> str:
    """Return `text` of the same length with half-width digits and simple numerals.

    Banking numerals are changed only where 佰, 仟 or a 拾 among them shows that they are
    numerals: 伍 and 陆 are also surnames, and 收拾 is to tidy up.
    """
    if _IS_BANKING.search(text):
        return text.translate(_BANKING)
    return text if text.isascii() else text.translate(_PLAIN)
