"""Sessions (调解会): their kinds, and one booking of a mediator's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.calendar import quanta


class SessionKind(StrEnum):
    """How people meet; the first four are offered to citizens."""

    WALK_IN = "walk_in"  # 坐班门诊
    VISIT = "visit"  # 进村出诊
    PHONE = "phone"  # 电话
    VIDEO = "video"  # 视频
    HOME_RECHECK = "home_recheck"  # 上门复诊


OFFERED = (SessionKind.WALK_IN, SessionKind.VISIT, SessionKind.PHONE, SessionKind.VIDEO)
MINUTES = {
    SessionKind.WALK_IN: 60,
    SessionKind.VISIT: 90,
    SessionKind.PHONE: 30,
    SessionKind.VIDEO: 45,
    SessionKind.HOME_RECHECK: 60,
}
TRAVEL_MINUTES = {SessionKind.VISIT: 45, SessionKind.HOME_RECHECK: 45}


class BookingStatus(StrEnum):
    """What became of a booking."""

    BOOKED = "booked"
    HELD = "held"  # took place
    MISSED = "missed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SessionBooking:
    """One session of one case with one mediator. `minutes` is the talk without the way there."""

    id: int
    case_number: int
    mediator_id: str
    kind: SessionKind
    starts_at: datetime
    minutes: int
    place: str
    status: BookingStatus = BookingStatus.BOOKED

    @property
    def ends_at(self) -> datetime:
        """When the talk ends."""
        return self.starts_at + timedelta(minutes=self.minutes)

    def end_as(self, status: BookingStatus) -> SessionBooking:
        """Return this booking with its outcome."""
        return replace(self, status=status)


def occupied_quanta(kind: SessionKind, starts_at: datetime, minutes: int) -> Sequence[int]:
    """Return the quanta a session takes of its mediator, the way there and back included."""
    way = TRAVEL_MINUTES.get(kind, 0)
    return quanta(starts_at - timedelta(minutes=way), minutes + 2 * way)
