"""The wire form of an understanding: one JSON object a message."""

from __future__ import annotations

from typing import Any

from nlu.interpreter import LEGAL_QUESTION, SERVICE_QUESTION, Understanding


def to_wire(understanding: Understanding) -> dict[str, Any]:
    """Return the object that `classify` prints, without its id.

    A question about this service goes out as legal_question without a dispute type: who reads
    the wire knows the intents of the taxonomy only.
    """
    about_us = understanding.intent == SERVICE_QUESTION
    return {
        "intent": LEGAL_QUESTION if about_us else understanding.intent,
        "dispute_type": understanding.dispute_type,
        "confidence": round(understanding.confidence, 4),
        "ranking": [
            {"dispute_type": each.dispute_type, "confidence": round(each.confidence, 4)}
            for each in understanding.ranking
        ],
        "flags": sorted(understanding.flags),
        "facts": understanding.facts.to_wire(),
        "model": understanding.model,
    }
