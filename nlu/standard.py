"""Words of Yunnan's dialects in the standard Chinese that the sentence embedding was trained on.

Only the embedding reads this form. Whatever else looks at a message looks at its own words.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

TABLE = Path(__file__).parent / "dialect.yml"


def standard(text: str) -> str:
    """Return the text with dialect words in standard Chinese; all else stays as it is.

    >>> standard("他支差还不克上班，咋个整")
    '他现在还不去上班，怎么办'
    """
    pattern, meanings = _table()
    return pattern.sub(lambda found: meanings[(found.lastindex or 1) - 1], text)


@cache
def _table() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return one pattern with a group a line, and what stands for each group."""
    lines: list[tuple[str, str]] = yaml.safe_load(TABLE.read_text("utf-8"))
    words, meanings = zip(*lines, strict=True)
    return re.compile("|".join(f"({word})" for word in words)), meanings
