"""Where a shared position or the code of a place lies: a proposal for the person to confirm."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from bot.dialogue.events import Located
from bot.messages import Location
from nlu.readers.county_positions import NEAR_KM, OUTSIDE_KM, nearest_county
from nlu.readers.places import find_place

LABEL_LIMIT = 200  # characters of a label that are read
PLACE_CODE = "p"  # what the code of a place begins with


def place_at(location: Location) -> Located:
    """Return the place of a shared position: what its label names, else the nearest county."""
    named = place_named((location.label or "")[:LABEL_LIMIT])
    if named is not None:
        return Located(named)
    county, km = nearest_county(location.latitude, location.longitude)
    return Located(place_named(county) if km <= NEAR_KM else None, is_outside=km > OUTSIDE_KM)


def place_named(text: str) -> Mapping[str, str | None] | None:
    """Return the place that a text names down from its county; None where it names no one."""
    found = find_place(text, asked=True) if text else None
    if found is None or found.county is None:
        return None
    return {
        "prefecture": found.prefecture,
        "county": found.county,
        "township": found.township,
        "village": found.village,
    }


def coded_place(code: str) -> Mapping[str, str | None] | None:
    """Return the place of a code `p<base64url of its name>`; None for every other code."""
    if not code.startswith(PLACE_CODE):
        return None
    coded = code.removeprefix(PLACE_CODE)
    try:
        name = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return place_named(name[:LABEL_LIMIT])


def code_of(place: str) -> str:
    """Return the code of a place for a link or a QR code.

    >>> coded_place(code_of("西畴县兴街镇"))["township"]
    '兴街镇'
    """
    return PLACE_CODE + base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
