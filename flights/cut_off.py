"""How far a flight came, by its log: which waypoints it passed, and where its last picture was taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flights.mission_items import Command, mission_of
from geofences.position import Geodetic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flights.survey_plan import SurveyPlan

ITEM = "item"  # the event that tells which mission item is flown towards


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """Where a flight left its plan.

    Attributes:
        passed: number of waypoints behind it, take-off included.
        stopped: where the last picture was taken on the leg after them; None: none was.
    """

    passed: int
    stopped: Geodetic | None


def cut_off(plan: SurveyPlan, log: Iterable[str], *, geoid_separation_m: float) -> CutOff:
    """How far a flight of a plan came.

    Args:
        plan: what was to be flown.
        log: lines of its flight log; a last one that was cut is passed over.
        geoid_separation_m: ellipsoid height minus height above sea level.
    """
    home, *places = (seq for seq, item in enumerate(mission_of(plan)) if item.command == Command.WAYPOINT)
    furthest, stopped = home, None
    for line in log:
        row = _row(line)
        if row.get("name") == ITEM and int(row["text"]) > furthest:
            furthest, stopped = int(row["text"]), None
        elif row.get("kind") == "capture":
            stopped = Geodetic(
                lat_deg=row["lat_deg"], lon_deg=row["lon_deg"], alt_ellipsoid_m=row["alt_amsl_m"] + geoid_separation_m
            )
    return CutOff(passed=1 + sum(seq < furthest for seq in places), stopped=stopped)


def _row(line: str) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return row
