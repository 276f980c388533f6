"""How sure is sure enough: the gates between a reading and what may be done with it."""

from __future__ import annotations

from nlu.interpreter import FLAGS
from nlu.reading import Reading

SURE = 0.8
KNOWN = 0.3
STORY = 6
CLEAR = 0.95


def is_sure(reading: Reading) -> bool:
    """Tell whether the best dispute type may be taken without asking."""
    return bool(reading.types.max() >= SURE)


def is_ours(reading: Reading) -> bool:
    """Tell whether there is evidence that the message is for us at all."""
    strange = reading.weights.labels.intents.index("out_of_scope")
    return bool(reading.known >= KNOWN and reading.intents.argmax() != strange)


def needs_second(text: str, reading: Reading) -> bool:
    """Tell whether the second stage should read a story again."""
    return len(text) >= STORY and reading.types.max() < CLEAR


def flags(text: str, reading: Reading) -> frozenset[str]:
    """Return the red flags that are up."""
    return frozenset(flag for flag, p in zip(FLAGS, reading.flags, strict=True) if p >= 0.5)
