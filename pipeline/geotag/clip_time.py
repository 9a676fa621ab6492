"""How late a clip is against its telemetry: the shift in time at which the log's poses move the picture as it moved.

Rule: a clip that flies straight on looks the same at any shift; it is said that it tells nothing, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geofences.contradiction import QUARTERS
from geofences.errors import GeofenceError
from geofences.projection import project
from pipeline.geotag.calibration import turned_pose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from geofences.camera import Camera
    from geofences.pose import Pose
    from pipeline.geotag.ground import Ground
    from pipeline.geotag.tie_points import Pair

# Shifts tried: coarsely for each quarter turn of the heading, then finely about the best of them.
REACH_S, COARSE_S, FINE_S = 3.0, 0.5, 0.1
FEWEST_PAIRS, _POINTS, _FARTHEST_PX = 12, 40, 60.0
# Another heading is believed when its motion misses by less than this share. Source: our choice; half a turn reverses
# the way flown, so that the share is near nought.
CLEARLY = 0.5
_RESAMPLED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTime:
    """What the motion in a clip says.

    Attributes:
        offset_s: to add to the clip's time to find its row of the log.
        sigma_s: one sigma of it, from resampling the pairs of pictures; large where the motion tells little.
        turn_deg: by how much the picture lies turned against its stated heading: 0, 90, 180 or 270.
        before_px: mean over pairs of the median miss of the motion, as stated.
        after_px: and with offset and turn.
    """

    offset_s: float
    sigma_s: float
    turn_deg: int
    before_px: float
    after_px: float


def clip_time(
    pairs: Sequence[Pair], taken_s: Sequence[float], pose_at: Callable[[float], Pose], camera: Camera, ground: Ground
) -> ClipTime | None:
    """Compare the motion of matched points with that which the log's poses make.

    Args:
        pairs: pictures a moment apart.
        taken_s: UTC of each picture by the clip.
        pose_at: of the log; raises OutsideTrack.
        camera: the lens.
        ground: where the points are taken to lie.

    Returns:
        None where fewer than a dozen pairs lie within the log at every shift.
    """

    def misses_px(offsets_s: NDArray[np.float64], turn_deg: int) -> NDArray[np.float64]:
        """(pairs, shifts) median miss; nan outside the log."""
        return np.array(
            [[_miss_px(pair, taken_s, pose_at, camera, ground, late, turn_deg) for late in offsets_s] for pair in pairs]
        )

    coarse_s = np.arange(-REACH_S, REACH_S + COARSE_S / 2, COARSE_S)
    coarse = np.array([misses_px(coarse_s, turn_deg) for turn_deg in QUARTERS])
    known = np.isfinite(coarse).all(axis=(0, 2))
    if known.sum() < FEWEST_PAIRS:
        return None
    means = coarse[:, known].mean(axis=1)
    best = int(np.argmin(means.min(axis=1)))
    turn = best if means[best].min() < CLEARLY * means[0].min() else 0
    about_s = coarse_s[int(np.argmin(means[turn]))]
    about_s = float(np.clip(about_s, COARSE_S - REACH_S, REACH_S - COARSE_S))
    fine_s = about_s + np.arange(-COARSE_S, COARSE_S + FINE_S / 2, FINE_S)
    pairs = [pair for pair, kept in zip(pairs, known, strict=True) if kept]
    fine = misses_px(fine_s, QUARTERS[turn])
    fine = fine[:, np.isfinite(fine).all(axis=0)]
    if fine.shape[1] < len(fine_s):
        return None
    rng = np.random.default_rng(0)
    drawn = [_lowest(coarse[turn, known], coarse_s, rng.integers(len(fine), size=len(fine))) for _ in range(_RESAMPLED)]
    drawn_fine = [_lowest(fine, fine_s, rng.integers(len(fine), size=len(fine))) for _ in range(_RESAMPLED)]
    stray_s = np.std(drawn) if np.ptp(drawn) > 2 * COARSE_S else 0.0
    return ClipTime(
        offset_s=_lowest(fine, fine_s, np.arange(len(fine))),
        sigma_s=float(max(np.std(drawn_fine), stray_s, FINE_S / 4)),
        turn_deg=QUARTERS[turn],
        before_px=float(means[0][len(coarse_s) // 2]),
        after_px=float(fine.mean(axis=0).min()),
    )


def _lowest(misses: NDArray[np.float64], offsets_s: NDArray[np.float64], rows: NDArray[np.int64]) -> float:
    """The shift of least mean miss over these pairs, between the shifts tried by a parabola."""
    mean = misses[rows].mean(axis=0)
    at = int(np.clip(np.argmin(mean), 1, len(mean) - 2))
    before, least, after = mean[at - 1 : at + 2]
    bend = before - 2 * least + after
    step = 0.5 * (before - after) / bend if bend > 0 else 0.0
    return float(offsets_s[at] + np.clip(step, -1, 1) * (offsets_s[1] - offsets_s[0]))


def _miss_px(
    pair: Pair,
    taken_s: Sequence[float],
    pose_at: Callable[[float], Pose],
    camera: Camera,
    ground: Ground,
    late_s: float,
    turn_deg: int,
) -> float:
    try:
        first, second = (
            turned_pose(pose_at(taken_s[picture] + late_s), turn_deg) for picture in (pair.first, pair.second)
        )
        few = slice(None, None, max(1, len(pair.first_px) // _POINTS))
        feet = ground.level_feet(camera, first, pair.first_px[few])
    except GeofenceError:
        return float("nan")
    feet_m = np.column_stack((feet, np.full(len(feet), ground.frame.enu_from_geodetic(first.position)[2])))
    feet_m[:, 2] -= ground.height_below_m(first)
    with np.errstate(invalid="ignore"):
        shown = project(camera, ground.frame, second, feet_m).xy_px
    missed = np.linalg.norm(shown - pair.second_px[few], axis=1)
    return float(np.median(np.minimum(np.nan_to_num(missed, nan=_FARTHEST_PX), _FARTHEST_PX)))
