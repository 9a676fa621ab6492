"""Which errors repeat themselves from look to look, by the way a source looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geofences.error_terms import Sharing
from pipeline.domain.frame import SourceKind

if TYPE_CHECKING:
    from pipeline.domain.frame import SourceProfile

# Share of each cause's variance that stays the same through a flight. Source: position and height drift with a
# correlation time of a minute and more (flights/simulator/sensors.py; Brighton survey, docs/geotagging.md), the compass
# and the lens's seat are mostly constant, the gimbal's jitter is not.
FLIGHT = {"position": 0.9, "height": 0.9, "yaw": 0.8, "tilt": 0.5, "time": 0.9}
# Photographs are seconds apart, and their compass settles between them. Source: Brighton survey, docs/geotagging.md.
PHOTOGRAPHS = {"position": 0.8, "height": 0.9, "yaw": 0.5, "tilt": 0.5, "time": 0.9}
# A fixed camera is wrong in the same way for ever.
MOUNTED = {"position": 1.0, "height": 1.0, "yaw": 1.0, "tilt": 1.0, "time": 1.0}
_POSE = {SourceKind.DRONE: FLIGHT, SourceKind.STILLS: PHOTOGRAPHS, SourceKind.CITY_EYE: MOUNTED}
# A detector misses the foot of a thing in the same way in neighbouring pictures; from one spot nearly always.
_FOOT = {SourceKind.DRONE: 0.3, SourceKind.STILLS: 0.1, SourceKind.CITY_EYE: 0.8}
SITE = "site"


def sharing_of(profile: SourceProfile, look_id: str, track_id: int) -> Sharing:
    """Who shares the errors of a look at a track.

    Args:
        profile: who looks; a lens, and a fixed camera's pose, err alike at every look.
        look_id: the flight or window.
        track_id: the track, whose foot is missed alike.
    """
    by = profile.source_id if profile.kind is SourceKind.CITY_EYE else look_id
    pose = tuple((cause, share, by) for cause, share in _POSE[profile.kind].items())
    foot = ("pixel", _FOOT[profile.kind], f"{look_id}/{track_id}")
    return Sharing(parts=(*pose, foot, ("lens", 1.0, profile.source_id), ("ground", 1.0, SITE)))
