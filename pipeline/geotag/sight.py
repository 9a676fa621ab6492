"""From a track in pixels to a sighting on the ground: every look at it is located, then all are fused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from geofences.errors import OutsideTrack, UnlocatableRay
from geofences.fusion import fuse
from geofences.projection import project, view_rays_enu
from pipeline.domain.finding import Drop, DropReason
from pipeline.domain.offence import Offence
from pipeline.domain.sighting import Sighting
from pipeline.geotag.sharing import sharing_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.ground_fix import GroundFix
    from geofences.pose import Pose
    from pipeline.domain.frame import SourceProfile
    from pipeline.domain.track import Observation, Track
    from pipeline.geotag.ground import Ground

# Source of all three: docs/adr/0005-where-a-plume-stands.md.
PLUMES = frozenset({Offence.DUST, Offence.COOKING_FUMES})
PLUME_FOOT_SHARE = 0.1
SOLID_FOOT_SIGMA_PX = 2.0
# A box this close to the picture's border is cut off by it, and its middle is not the thing's.
BORDER_PX = 3.0
MAX_LOOKS_FUSED = 60


def foot_px(offence: Offence, seen: Observation, camera: Camera, pose: Pose) -> tuple[float, float]:
    """The pixel where a thing meets the ground: for dust the middle of the ground it covers, else the box's foot.

    Dust lies low and about as deep as it is wide, so the box's lower edge is the near edge of the ground it covers.
    """
    across, bottom = seen.foot_px
    if offence is not Offence.DUST:
        return across, bottom
    left, top, right, _ = seen.xyxy_px
    sin_depression = -float(view_rays_enu(camera, pose, np.array([[across, bottom]]))[0, 2])
    lift = min((right - left) / 2 * max(sin_depression, 0.0), (bottom - top) / 2)
    return across, bottom - lift


def foot_sigma_px(offence: Offence, seen: Observation) -> float:
    """One-sigma error of that pixel."""
    if offence not in PLUMES:
        return SOLID_FOOT_SIGMA_PX
    left, _, right, _ = seen.xyxy_px
    return max(SOLID_FOOT_SIGMA_PX, PLUME_FOOT_SHARE * (right - left))


def sight(
    track: Track, profile: SourceProfile, look_id: str, pose_at: Callable[[float], Pose], ground: Ground
) -> Sighting | Drop:
    """Locate a track.

    Args:
        track: what was followed.
        profile: who followed it.
        look_id: in which flight or window: its looks share that one's errors.
        pose_at: the camera's pose at a UTC time; raises OutsideTrack.
        ground: where rays end.

    Returns:
        the sighting, or the named reason why there is none.
    """
    fixes: list[GroundFix] = []
    looks: list[Callable[[tuple[float, float]], GroundFix]] = []
    poses: list[Pose] = []
    sharing = sharing_of(profile, look_id, track.track_id)
    reason = DropReason.NO_POSE
    detail = profile.source_id
    for seen in _spread(_whole(track.observations, profile.camera)) if profile.located else ():
        try:
            pose = pose_at(seen.at_s)
            xy_px = foot_px(track.offence, seen, profile.camera, pose)
            sigma_px = foot_sigma_px(track.offence, seen)
            look = partial(ground.locate, profile.camera, pose, pixel_sigma_px=sigma_px, sharing=sharing)
            fixes.append(look(xy_px))
            looks.append(look)
            poses.append(pose)
        except OutsideTrack as error:
            reason, detail = DropReason.NO_POSE, error.code
        except UnlocatableRay as error:
            reason, detail = DropReason.ABOVE_HORIZON, error.code
    if not fixes:
        return drop(track, reason, detail, None)
    fix = fuse(fixes, ground.frame)
    if len(fixes) > 1:
        seen_px = [project(profile.camera, ground.frame, pose, fix.enu_m).xy_px[0] for pose in poses]
        fix = fuse([_weighed_at(*each) for each in zip(fixes, looks, seen_px, strict=True)], ground.frame)
    return Sighting(track=track, source_id=profile.source_id, source_kind=profile.kind, fix=fix)


def _weighed_at(
    fix: GroundFix, look: Callable[[tuple[float, float]], GroundFix], xy_px: NDArray[np.float64]
) -> GroundFix:
    """A fix with its errors as they are where the thing is, not where this look put it.

    Errors taken at each look's own place are smaller for looks that erred towards the lens: these would weigh more, and
    differences between looks that are only noise would pass for knowledge of their common errors.
    """
    try:
        return replace(fix, terms=look((float(xy_px[0]), float(xy_px[1]))).terms)
    except UnlocatableRay:
        return fix


def _whole(observations: tuple[Observation, ...], camera: Camera) -> tuple[Observation, ...]:
    """Those not cut off by the picture's border; all of them when none is whole."""
    width, height = camera.size_px
    far = np.array([BORDER_PX, BORDER_PX, width - BORDER_PX, height - BORDER_PX])
    whole = tuple(
        seen
        for seen in observations
        if (np.array(seen.xyxy_px)[:2] > far[:2]).all() and (np.array(seen.xyxy_px)[2:] < far[2:]).all()
    )
    return whole or observations


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
