"""What an office keeps on record for its flights: aircraft, pilots and their duty, approvals, weather; and the release.

Schedules only propose. A flight is released by a named pilot who is on duty; by itself only while such a pilot is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from flights.errors import NotReleased
from flights.plan_checks import MAX_HEIGHT_AGL_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry import Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredAircraft:
    """An aircraft on the register.

    Attributes:
        id: as the office calls it.
        registration: civil registration mark.
        remote_id: the number that it broadcasts in flight.
    """

    id: str
    registration: str
    remote_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """A remote pilot on the register.

    Attributes:
        name: as records name the pilot.
        licence: number.
        licence_until_s: end of its validity, UTC; None when nobody recorded it.
        duty: shifts as (start, end), UTC.
    """

    name: str
    licence: str
    licence_until_s: float | None = None
    duty: tuple[tuple[float, float], ...] = ()

    def on_duty(self, at_s: float) -> bool:
        """Whether the roster has a shift of this pilot then."""
        return any(start_s <= at_s < end_s for start_s, end_s in self.duty)

    def licensed(self, at_s: float) -> bool:
        """Whether the licence is recorded and valid then."""
        return bool(self.licence.strip()) and self.licence_until_s is not None and at_s < self.licence_until_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Permission to use a volume of air for some time.

    Attributes:
        number: as the authority issued it.
        outline: (lon, lat).
        floor_m: lowest height above ground.
        ceiling_m: greatest height above ground.
        valid_from_s: UTC.
        valid_until_s: UTC.
    """

    number: str
    outline: Polygon
    floor_m: float = 0.0
    ceiling_m: float = MAX_HEIGHT_AGL_M
    valid_from_s: float
    valid_until_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Weather as somebody or something stated it.

    Attributes:
        wind_m_s: mean wind.
        gust_m_s: strongest gust.
        visibility_m: horizontal.
        precipitation: rain, snow, hail.
        entered_by: who says so.
        entered_s: when, UTC; None when nobody recorded it.
    """

    wind_m_s: float
    gust_m_s: float
    visibility_m: float
    precipitation: bool
    entered_by: str
    entered_s: float | None = None


class WeatherSource(Protocol):
    """Where weather comes from; by default what a pilot entered."""

    def __call__(self) -> Weather | None:
        """The newest, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Who let a flight go.

    Attributes:
        pilot: who is responsible.
        by_itself: released by the schedule while this pilot was on duty, not by the pilot's own hand.
        at_s: when, UTC.
    """

    pilot: Pilot
    by_itself: bool
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A named person's reason why a check that failed does not count."""

    by: str
    reason: str


def release(pilots: Sequence[Pilot], *, at_s: float, named: str = "", may_by_itself: bool = False) -> Release:
    """Release a flight.

    Args:
        pilots: the register.
        at_s: UTC.
        named: the pilot who releases it; empty when a schedule asks.
        may_by_itself: the site lets schedules release while somebody is on duty.

    Raises:
        NotReleased: nobody who may release it does; it stays a proposal.
    """
    fit = [pilot for pilot in pilots if pilot.on_duty(at_s) and pilot.licensed(at_s)]
    on_duty = ", ".join(pilot.name for pilot in fit) or "nobody"
    if named:
        for pilot in fit:
            if pilot.name == named:
                return Release(pilot=pilot, by_itself=False, at_s=at_s)
        raise NotReleased(
            f"{named} is not on duty with a valid licence. On duty: {on_duty}. See duty and licence_valid_until."
        )
    if may_by_itself and fit:
        return Release(pilot=fit[0], by_itself=True, at_s=at_s)
    why = "nobody is on duty with a valid licence" if may_by_itself else "no pilot has released it"
    raise NotReleased(f"{why}. On duty: {on_duty}. Release it with --pilot NAME.")
