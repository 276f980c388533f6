"""How sure is sure enough: the gates between a reading and what may be done with it.

All bounds are on calibrated probabilities; docs/decisions/0002 tells how they were chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import inf

from nlu.interpreter import DISPUTE, FLAGS, LEGAL_QUESTION
from nlu.ngrams import fold
from nlu.reading import Part, Reading
from nlu.safety import DENIED, SHORT, WORDLESS, panel

SURE = 0.8  # 97 of 100 such types are right
CLEAR_TYPE = 0.95  # from here on the second stage changes nothing for the better
CLEAR_INTENT = 0.8
STORY = WORDLESS + 1  # characters; what is shorter is never read again
KNOWN = 0.3  # share of known n-grams below which nothing can be told
STRANGE = 0.5
DOUBTFUL_INTENT, MATTER_TYPE, MATTER = 0.85, 0.9, 18  # the last in characters
GREY = (0.4, 0.6)  # from this share of the bound that raises a flag up to this, it is asked again
BELIEVED = 0.2  # below, a score alone is a doubt: to be asked about, not to be acted upon
PARTS_READ = 1  # of a long story, by the second stage; a second one found nothing more
NO_SCORES = (0.0,) * len(FLAGS)
FOREIGN = ("out_of_scope", "smalltalk", "abuse")


def is_sure(reading: Reading) -> bool:
    """Tell whether the best dispute type may be taken without asking."""
    return bool(reading.types.max() >= SURE)


def intent_of(text: str, reading: Reading) -> int:
    """Return the column of the intent: a doubtful other intent gives way to a clear matter."""
    best = int(reading.intents.argmax())
    matters = [reading.weights.labels.intents.index(name) for name in (DISPUTE, LEGAL_QUESTION)]
    is_doubtful = best not in matters and reading.intents[best] < DOUBTFUL_INTENT
    if is_doubtful and len(text) >= MATTER and reading.types.max() >= MATTER_TYPE:
        return max(matters, key=lambda column: float(reading.intents[column]))
    return best


def is_ours(reading: Reading) -> bool:
    """Tell whether there is evidence that the message is for us at all."""
    return bool(reading.known >= KNOWN and foreignness(reading) < STRANGE)


def foreignness(reading: Reading) -> float:
    """Return the probability that the message is not for us."""
    intents = reading.weights.labels.intents
    return float(sum(reading.intents[intents.index(name)] for name in FOREIGN))


def to_read_again(text: str, reading: Reading, asked: bool) -> list[tuple[str, Reading]]:
    """Return what the second stage should read: of a story the whole, one part, both or nothing.

    Of an answer (`asked`) the whole, and only where an unsure score would raise a red flag: that
    stops a mediation.
    """
    if asked:
        is_alarmed = not _is_short(text) and _greyest(reading, (1.0, GREY[1])) > 0
        return [(text, reading)] if is_alarmed else []
    whole = [(text, reading)] if whole_needs_second(text, reading) else []
    return whole + [(part.text, part.reading) for part in parts_for_second(reading)]


def whole_needs_second(text: str, reading: Reading) -> bool:
    """Tell whether the second stage should read the whole story; long ones take long."""
    if len(text) < STORY:
        return False
    if _greyest(reading, _grey_zone(text)) > 0:
        return True
    best = int(reading.intents.argmax())
    if reading.intents[best] < CLEAR_INTENT:
        return True
    speaks_of_matter = reading.weights.labels.intents[best] in (DISPUTE, LEGAL_QUESTION)
    return speaks_of_matter and bool(reading.types.max() < CLEAR_TYPE)


def may_hide_danger(text: str, reading: Reading, up: frozenset[str]) -> bool:
    """Tell whether the second stage could find a red flag that is not among those already up."""
    return _greyest(reading, _grey_zone(text), up) > 0 or bool(parts_for_second(reading))


def parts_for_second(reading: Reading) -> list[Part]:
    """Return the parts of a story whose flags the second stage should look at, most PARTS_READ."""
    grey = [(_greyest(part.reading, GREY), place) for place, part in enumerate(reading.parts)]
    chosen = sorted((each for each in grey if each[0] > 0), reverse=True)[:PARTS_READ]
    return [reading.parts[place] for _, place in chosen]


def _greyest(
    reading: Reading, zone: tuple[float, float], besides: frozenset[str] = frozenset()
) -> float:
    """Return the highest score from a share of the bound that raises its flag up to an end."""
    start, end = zone
    told = zip(FLAGS, reading.flags.tolist(), _bounds(), strict=True)
    grey = (p for flag, p, bound in told if flag not in besides and start * bound <= p < end)
    return max(grey, default=0.0)


def _grey_zone(text: str) -> tuple[float, float]:
    """Return where scores neither clearly raise a flag nor clearly leave it down."""
    return (GREY[0], inf) if _is_short(text) else GREY


def _is_short(text: str) -> bool:
    return len(fold(text)) <= SHORT


@cache
def _bounds() -> tuple[float, ...]:
    return tuple(panel().bounds[flag].threshold for flag in FLAGS)


def flags(text: str, reading: Reading) -> frozenset[str]:
    """Return the red flags that are up, by words or by score.

    What the first stage says of a few characters is a guess, for they are like answers to a
    question of ours (an age, a wall, who he is): there only the second stage's scores count.
    """
    return panel().flags(text, _scores(text, reading))


def doubtful(text: str, reading: Reading, up: frozenset[str]) -> frozenset[str]:
    """Return which of the flags that are `up` were raised by a low score alone."""
    if not up:
        return frozenset()
    believed = [p if p >= BELIEVED else min(p, DENIED) for p in _scores(text, reading)]
    return up - panel().flags(text, believed)


def _scores(text: str, reading: Reading) -> Sequence[float]:
    counts = reading.second_stage or not _is_short(text)
    return reading.most_flags if counts else NO_SCORES
