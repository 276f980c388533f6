"""How sure a reader is of what it found."""

from enum import StrEnum


class Certainty(StrEnum):
    """How a finding may be used."""

    SURE = "sure"  # the words say so
    LIKELY = "likely"  # read from context: worth one line of read-back
    OPEN = "open"  # several readings are left: ask which
