"""A flight given by hand whose places and the site's zones were taken from different maps must accuse nobody."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from geofences.errors import OutsideTrack
from pipeline.domain.frame import SourceKind
from pipeline.domain.look import FrameFault
from pipeline.plausibility import suspect_flight
from pipeline.sources import media
from pipeline.sources.clip import ClipSource
from pipeline.sources.stills import StillSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline.site import Site

_Flight = TypeVar("_Flight", ClipSource, StillSource)
_MOST_ASKED = 200


def withhold_misplaced(source: _Flight, site: Site, *, checked: bool = False) -> _Flight:
    """The flight, looked at but placing nothing if it or the zones seem to be in another datum; then a named fault.

    Withheld and not only flagged: under half of such a flight may lie at zones as given, and would accuse wrong shops.
    A fixed camera's place is site.toml's, which `offsite zones check` looks at.

    Args:
        source: the flight.
        site: whose zones.
        checked: someone states that both datums are right: it places things, as a look of its own that says so.
    """
    if source.profile.kind is SourceKind.CITY_EYE:
        return source
    said = suspect_flight("the flight", _places(source), site)
    if not said:
        return source
    if checked:
        fault = FrameFault(pts_s=0.0, code="datum_checked", message=f"its datum was stated to be right, though {said}")
        return replace(source, look_id=f"{source.look_id}-datum-checked", left_out=(*source.left_out, fault))
    fault = FrameFault(pts_s=0.0, code="datum_suspected", message=f"places nothing: {said}")
    return replace(source, profile=replace(source.profile, located=False), left_out=(*source.left_out, fault))


def _places(source: ClipSource | StillSource) -> NDArray[np.float64]:
    """(n, 2) latitude, longitude of the camera, evenly over the flight, where it is known."""
    if isinstance(source, StillSource):
        times_s = np.array([still.at_s for still in source.stills])
    else:
        times_s = source.start_s + np.linspace(0.0, media.read_facts(source.path).duration_s, _MOST_ASKED)
    rows: list[tuple[float, float]] = []
    for at_s in times_s:
        with suppress(OutsideTrack):
            position = source.pose_at(float(at_s) + source.clock_offset_s).position
            rows.append((position.lat_deg, position.lon_deg))
    return np.array(rows).reshape(-1, 2)
