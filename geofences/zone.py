"""Zones and permits: where a rule applies or an exception is granted, and when.

An outline is always valid, two-dimensional, in lon, lat, with outer rings counter-clockwise as RFC 7946 wants them;
outlines do not cross the 180th meridian. Straight edges are straight in lon, lat.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import shapely
from shapely import GeometryType, MultiPolygon, Polygon
from shapely.validation import explain_validity

from geofences.errors import InvalidGeometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

Outline: TypeAlias = Polygon | MultiPolygon

# The span that can be written as ISO 8601 with a four-digit year: 0001-01-01 to 9999-12-31 UTC.
_EARLIEST_S = -62135596800.0
_LATEST_S = 253402300799.0


class ZoneKind(StrEnum):
    """What a zone is for; rules name the kinds they apply in."""

    ROAD = "road"
    CONSTRUCTION_SITE = "construction_site"
    SIGNAGE_CONTROL = "signage_control"
    CATERING_CONTROL = "catering_control"
    PATROL = "patrol"
    NO_FLY = "no_fly"
    # Where people gather, and what stands in the way of a flight (`height_m`).
    CROWD = "crowd"
    OBSTACLE = "obstacle"
    PRIVACY = "privacy"
    # Its id is the city's code of 14 to 16 digits, as text.
    GRID_CELL = "grid_cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A weekly span of local time, in whole minutes.

    Attributes:
        weekdays: the days it starts on, Monday 0 to Sunday 6.
        from_time: start, included.
        until_time: end, excluded; at or before `from_time` it is on the next day.
    """

    weekdays: frozenset[int]
    from_time: dt.time
    until_time: dt.time

    def __post_init__(self) -> None:
        """Refuse windows that never open or are not in whole local minutes.

        Raises:
            InvalidGeometry: no weekday, a weekday outside 0..6, or a time with seconds or a time zone.
        """
        if not self.weekdays or not self.weekdays <= set(range(7)):
            raise InvalidGeometry(f"a window's weekdays must be some of 0..6, not {sorted(self.weekdays)}")
        for time in (self.from_time, self.until_time):
            if time.tzinfo is not None or time.second or time.microsecond:
                raise InvalidGeometry(f"a window's times are local and in whole minutes, not {time}")

    def covers(self, local: dt.datetime) -> bool:
        """Whether a local wall-clock time falls in the window."""
        today, yesterday = local.weekday() in self.weekdays, (local.weekday() - 1) % 7 in self.weekdays
        time = local.time()
        if self.from_time < self.until_time:
            return today and self.from_time <= time < self.until_time
        return (today and time >= self.from_time) or (yesterday and time < self.until_time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When in the week something applies.

    Attributes:
        windows: at least one; the schedule covers their union.
        timezone: IANA name the windows are read in.
    """

    windows: tuple[Window, ...]
    timezone: str

    def __post_init__(self) -> None:
        """Refuse a schedule without windows or in an unknown time zone.

        Raises:
            InvalidGeometry: there is no window, or no such time zone.
        """
        if not self.windows:
            raise InvalidGeometry("a schedule needs at least one window")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidGeometry(f"unknown time zone {self.timezone!r}") from error

    def covers(self, at_s: float) -> bool:
        """Whether a moment, seconds since the Unix epoch, falls in any window."""
        local = dt.datetime.fromtimestamp(at_s, ZoneInfo(self.timezone))
        return any(window.covers(local) for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A region in which some rules apply.

    Attributes:
        zone_id: unique among zones.
        name: as officers call it.
        kind: what it is for.
        outline: polygon or multipolygon, lon, lat degrees.
        schedule: when in the week it applies; None is always.
        valid_from_s: in force from this moment, included; None is since ever.
        valid_until_s: in force until this moment, excluded; None is for ever.
        source: the document that establishes it.
        owner: who answers for it.
        height_m: of an obstacle, above the ground at its middle; None is not known.
    """

    zone_id: str
    name: str
    kind: ZoneKind
    outline: Outline
    schedule: Schedule | None = None
    valid_from_s: float | None = None
    valid_until_s: float | None = None
    source: str = ""
    owner: str = ""
    height_m: float | None = None

    def __post_init__(self) -> None:
        """Check the parts and put the outline in its standard form.

        Raises:
            InvalidGeometry: id or name is blank, the outline is no valid region, or the validity ends before it starts.
        """
        _check_text(zone_id=self.zone_id, name=self.name)
        object.__setattr__(self, "outline", standard_outline(self.outline))
        _check_span(self.valid_from_s, self.valid_until_s)

    def in_force(self, at_s: float) -> bool:
        """Whether the zone applies at a moment: within its validity and its schedule."""
        return is_within(self.valid_from_s, at_s, self.valid_until_s) and (
            self.schedule is None or self.schedule.covers(at_s)
        )

    def in_force_between(self, from_s: float, until_s: float) -> bool:
        """Whether the zone applies at any moment of a span: windows are whole minutes, a look a minute finds each."""
        looks = (from_s + 60.0 * i for i in range(int((until_s - from_s) // 60) + 1))
        return any(self.in_force(at_s) for at_s in (*looks, until_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A permission that makes something lawful in a region for a time.

    Attributes:
        permit_id: unique among permits.
        number: as printed on the permit.
        allows: the detector class it makes lawful.
        outline: polygon or multipolygon, lon, lat degrees.
        valid_from_s: from this moment, included.
        valid_until_s: until this moment, excluded.
        holder: whom it was granted to.
        source: where the record comes from.
        text: what the permitted sign says; "" where the permit covers whatever stands there.
    """

    permit_id: str
    number: str
    allows: str
    outline: Outline
    valid_from_s: float
    valid_until_s: float
    holder: str
    source: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        """Check the parts and put the outline in its standard form.

        Raises:
            InvalidGeometry: a text is blank, the outline is no valid region, or the validity ends before it starts.
        """
        _check_text(permit_id=self.permit_id, number=self.number, allows=self.allows, holder=self.holder)
        object.__setattr__(self, "outline", standard_outline(self.outline))
        _check_span(self.valid_from_s, self.valid_until_s)

    def valid_at(self, at_s: float) -> bool:
        """Whether the permit holds at a moment."""
        return is_within(self.valid_from_s, at_s, self.valid_until_s)


def is_within(from_s: float | None, at_s: float, until_s: float | None) -> bool:
    """Whether a moment is in a span that includes its start and excludes its end; None is without limit."""
    return (from_s is None or from_s <= at_s) and (until_s is None or at_s < until_s)


def parts_of(outline: Outline) -> tuple[Polygon, ...]:
    """The polygons an outline is made of: itself, or its members."""
    return tuple(outline.geoms) if isinstance(outline, MultiPolygon) else (outline,)


@dataclass(frozen=True, slots=True)
class Standardised:
    """An outline in standard form, made by `standardise` alone: a zone or permit built with it does not check again."""

    outline: Outline


def standardise(outlines: NDArray[np.object_]) -> list[Standardised | None]:
    """(n,) outlines in standard form, all at once; None where `standard_outline` would raise."""
    west, south, east, north = shapely.bounds(outlines).T
    sound = (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90) & shapely.is_valid(outlines)
    sound &= np.isin(shapely.get_type_id(outlines), (GeometryType.POLYGON, GeometryType.MULTIPOLYGON))
    formed = iter(shapely.orient_polygons(shapely.force_2d(outlines[sound])))
    return [Standardised(next(formed)) if ok else None for ok in sound.tolist()]


def standard_outline(outline: Outline | Standardised) -> Outline:
    """The same region in two dimensions with outer rings counter-clockwise.

    Raises:
        InvalidGeometry: not a polygon or multipolygon, empty, self-crossing, or out of longitude and latitude range.
    """
    if isinstance(outline, Standardised):
        return outline.outline
    if not isinstance(outline, Polygon | MultiPolygon) or outline.is_empty:
        raise InvalidGeometry(f"an outline is a polygon or multipolygon that is not empty, not {outline!r:.60}")
    west, south, east, north = outline.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidGeometry(f"outline spans lon {west}..{east}, lat {south}..{north}: are they swapped?")
    if not outline.is_valid:
        raise InvalidGeometry(f"outline is not valid: {explain_validity(outline)}")
    return shapely.orient_polygons(shapely.force_2d(outline))


def _check_text(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise InvalidGeometry(f"{name} is blank")


def _check_span(from_s: float | None, until_s: float | None) -> None:
    for at_s in (from_s, until_s):
        if at_s is not None and not (math.isfinite(at_s) and _EARLIEST_S <= at_s <= _LATEST_S):
            raise InvalidGeometry(f"{at_s} s is no moment between the years 1 and 9999")
    if from_s is not None and until_s is not None and until_s <= from_s:
        raise InvalidGeometry("validity ends before it starts")
