"""From a track in pixels to a sighting on the ground: every look at it is located, then all are fused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geofences.errors import OutsideTrack, UnlocatableRay
from geofences.location import GroundFix, fuse
from pipeline.domain.finding import Drop, DropReason
from pipeline.domain.offence import Offence
from pipeline.domain.sighting import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.pose import Pose
    from pipeline.domain.frame import SourceProfile
    from pipeline.domain.track import Observation, Track
    from pipeline.geotag.ground import Ground

# A plume has no edge: its foot is known to about a tenth of its width, a solid thing's to a few pixels.
# Source: docs/adr/0005-where-a-plume-stands.md.
PLUMES = frozenset({Offence.DUST, Offence.COOKING_FUMES})
PLUME_FOOT_SHARE = 0.1
SOLID_FOOT_SIGMA_PX = 2.0
MAX_LOOKS_FUSED = 60


def foot_sigma_px(offence: Offence, seen: Observation) -> float:
    """One-sigma error of the pixel where the thing meets the ground."""
    if offence not in PLUMES:
        return SOLID_FOOT_SIGMA_PX
    left, _, right, _ = seen.xyxy_px
    return max(SOLID_FOOT_SIGMA_PX, PLUME_FOOT_SHARE * (right - left))


def sight(track: Track, profile: SourceProfile, pose_at: Callable[[float], Pose], ground: Ground) -> Sighting | Drop:
    """Locate a track.

    Args:
        track: what was followed.
        profile: who followed it.
        pose_at: the camera's pose at a UTC time; raises OutsideTrack.
        ground: where rays end.

    Returns:
        the sighting, or the named reason why there is none.
    """
    fixes: list[GroundFix] = []
    reason = DropReason.NO_POSE
    detail = "the source has no telemetry or mounting" if not profile.located else ""
    for seen in _spread(track.observations) if profile.located else ():
        try:
            pose = pose_at(seen.at_s)
            fixes.append(
                ground.locate(profile.camera, pose, seen.foot_px, pixel_sigma_px=foot_sigma_px(track.offence, seen))
            )
        except OutsideTrack as error:
            reason, detail = DropReason.NO_POSE, str(error)
        except UnlocatableRay as error:
            reason, detail = DropReason.ABOVE_HORIZON, str(error)
    if not fixes:
        return drop(track, reason, detail, None)
    fix = fuse(fixes, ground.frame)
    return Sighting(track=track, source_id=profile.source_id, source_kind=profile.kind, fix=fix)


def _spread(observations: tuple[Observation, ...]) -> tuple[Observation, ...]:
    """At most `MAX_LOOKS_FUSED` observations, evenly over the track: more add no information worth their time."""
    step = max(1, -(-len(observations) // MAX_LOOKS_FUSED))
    return observations[::step]


def drop(track: Track, reason: DropReason, detail: str, fix: GroundFix | None) -> Drop:
    """A drop of that track for that reason."""
    return Drop(
        track_id=track.track_id,
        offence=track.offence,
        reason=reason,
        detail=detail,
        at_s=track.best.at_s,
        lat_deg=fix.position.lat_deg if fix else None,
        lon_deg=fix.position.lon_deg if fix else None,
        score=track.best.score,
    )
