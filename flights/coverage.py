"""What the camera shows of the ground: one picture, one straight run, and what a set of runs leaves unseen.

Everything is in east, north metres.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from flights.errors import PlanRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from flights.plane import Point
    from geofences.camera import Camera

MIN_DEPRESSION_DEG = (
    20.0  # a lens flatter than this sees no useful ground. Source: flights design, pixel size grows as 1/sin^2
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What one picture shows of flat ground, relative to the aircraft and its heading.

    Attributes:
        near_m: distance ahead of the lower picture edge (negative: behind the aircraft).
        centre_m: distance ahead of the picture's centre.
        far_m: distance ahead of the upper picture edge, as far as it is useful.
        width_m: across track, at the centre row.
        gsd_m: ground size of one pixel across track at the centre.
    """

    near_m: float
    centre_m: float
    far_m: float
    width_m: float
    gsd_m: float

    def trigger_m(self, front_overlap: float) -> float:
        """Distance between pictures of which each sees `front_overlap` of the one before again."""
        return (self.far_m - self.near_m) * (1 - front_overlap)

    def beyond_m(self, front_overlap: float) -> float:
        """How far beyond both ends of a run the ground is seen at full width, wherever the last picture falls.

        None for an oblique lens: its nearer rows are narrower than its centre row.
        """
        if abs(self.centre_m) > 0.01 * self.width_m:
            return 0.0
        return max(0.0, self.far_m - self.trigger_m(front_overlap))


def footprint_on_ground(camera: Camera, *, height_agl_m: float, gimbal_pitch_deg: float) -> Footprint:
    """The footprint on flat ground of a lens pitched by `gimbal_pitch_deg` (-90: straight down).

    Source: pinhole projection; at row y (in focal lengths below the centre) the ground is met at depth
    h / (sin d + y cos d), with d the depression of the optical axis.

    Raises:
        PlanRefused: the lens is too flat, or looks beyond straight down.
    """
    depression = math.radians(-gimbal_pitch_deg)
    if not MIN_DEPRESSION_DEG <= -gimbal_pitch_deg <= 90.0:
        raise PlanRefused(
            leg="all strips",
            fault=f"gimbal pitch {gimbal_pitch_deg:.0f} deg, allowed -90 to -{MIN_DEPRESSION_DEG:.0f}",
            remedy="Point the camera further down.",
        )
    sin_d, cos_d = math.sin(depression), math.cos(depression)
    half_height = camera.size_px[1] / 2 / camera.focal_px

    def ahead_m(row: float) -> float:
        below = math.asin(min(1.0, max(-1.0, (sin_d + row * cos_d) / math.hypot(1.0, row))))
        if below < math.radians(MIN_DEPRESSION_DEG):
            return height_agl_m / math.tan(math.radians(MIN_DEPRESSION_DEG))
        return height_agl_m * (cos_d - row * sin_d) / (sin_d + row * cos_d)

    gsd_m = height_agl_m / sin_d / camera.focal_px
    return Footprint(
        near_m=ahead_m(half_height),
        centre_m=round(ahead_m(0.0), 9),  # straight down is exactly none
        far_m=ahead_m(-half_height),
        width_m=gsd_m * camera.size_px[0],
        gsd_m=gsd_m,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One straight run of the aircraft with the camera on.

    Attributes:
        start_m: where the aircraft switches it on.
        end_m: where the aircraft switches it off.
    """

    start_m: Point
    end_m: Point

    @property
    def length_m(self) -> float:
        """From start to end."""
        return math.dist(self.start_m, self.end_m)

    @property
    def heading_rad(self) -> float:
        """Anticlockwise from east."""
        return math.atan2(self.end_m[1] - self.start_m[1], self.end_m[0] - self.start_m[0])

    def reversed(self) -> Pass:
        """The same run the other way."""
        return Pass(start_m=self.end_m, end_m=self.start_m)


def ground_seen(passes: Sequence[Pass], footprint: Footprint, *, front_overlap: float) -> BaseGeometry:
    """The ground that the pictures' centre rows sweep during passes and, straight down, the picture beyond each end."""
    ends = np.array([(one.start_m, one.end_m) for one in passes], dtype=np.float64).reshape(-1, 2, 2)
    along = ends[:, 1] - ends[:, 0]
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    ends += footprint.centre_m * along[:, None]
    beyond_m = footprint.beyond_m(front_overlap)
    ends[:, 0] -= beyond_m * along
    ends[:, 1] += beyond_m * along
    return shapely.union_all(shapely.buffer(shapely.linestrings(ends), footprint.width_m / 2, cap_style="flat"))
