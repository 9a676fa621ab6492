"""One flight per airspace volume: every flight claims its volume in a file first, and then sees who else has.

Of two that claim at once both may see the other, and neither flies. A claim left by a program that died holds until
its aircraft must be down; while its program lives, the claim is locked.
"""

from __future__ import annotations

import fcntl
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shapely import Polygon

    from flights.survey_plan import SurveyPlan

FOLDER = "airspace"
SPARE_S = 1800.0  # beyond the planned time: a pause, a wait for the autopilot, the way home


@contextmanager
def airspace_claim(flights: Path, flight_id: str, plan: SurveyPlan) -> Iterator[str]:
    """Claim a plan's airspace while the block runs; gives the id of another flight in it, or "".

    Args:
        flights: the folder that all flights of this office share.
        flight_id: whose claim; its own earlier one does not count.
        plan: where it flies.
    """
    folder = flights / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    mine = folder / f"{flight_id}.json"
    claim = {"until_s": time.time() + 2 * plan.duration_s + SPARE_S, "outline": plan.airspace.wkt}
    partial = mine.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(claim))
        file.flush()
        partial.replace(mine)
        try:
            yield next(
                (path.stem for path in sorted(folder.glob("*.json")) if path != mine and _meets(path, plan.airspace)),
                "",
            )
        finally:
            mine.unlink(missing_ok=True)


def living_flight(flights: Path, airspace: Polygon) -> str:
    """The id of a flight in an airspace, (lon, lat), whose program is alive on this machine, or ""."""
    claims = sorted((flights / FOLDER).glob("*.json"))
    return next((path.stem for path in claims if _is_locked(path) and _meets(path, airspace)), "")


def _is_locked(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # it has just ended
        pass
    return False


def _meets(path: Path, airspace: Polygon) -> bool:
    try:
        claim = json.loads(path.read_text(encoding="utf-8"))
        alive = claim["until_s"] > time.time()
        return bool(alive and shapely.from_wkt(claim["outline"]).intersects(airspace))
    except FileNotFoundError:  # it has just ended
        return False
    except (ValueError, KeyError, TypeError, shapely.errors.ShapelyError):
        return True  # a claim that cannot be read is one
