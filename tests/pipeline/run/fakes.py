"""A small world for tests of the run: a camera in memory, and a detector that finds coloured squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors.detections import Detections, ModelIdentity
from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.errors import OutsideTrack
from geofences.local_frame import LocalFrame
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from geofences.projection import project
from pipeline.domain.frame import Frame, SourceKind, SourceProfile
from pipeline.geotag.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0))
GROUND = Ground(frame=FRAME, alt_ellipsoid_m=15.0, sigma_m=0.2)
CAMERA = Camera.from_fov(size_px=(640, 360), hfov_deg=60.0, name="test lens")
T0_S = 1_793_584_800.0
TRUTH = ModelIdentity(name="truth", weights_sha256="0" * 64)
SIGMAS = PoseSigmas(horizontal_m=0.2, vertical_m=0.2, yaw_deg=0.2, tilt_deg=0.2, time_s=0.0)


def fixed_pose(at_s: float) -> Pose:
    """A pole 10 m high at the origin, looking north and 30 degrees down."""
    look = Attitude(yaw_deg=0.0, pitch_deg=-30.0)
    position = FRAME.geodetic_from_enu(np.array([0.0, 0.0, 10.0]))
    return Pose(at_s=at_s, position=position, body=look, gimbal=look, sigmas=SIGMAS)


def flying_pose(at_s: float) -> Pose:
    """35 m high, looking 60 degrees down, going north at 5 m/s, known for twenty seconds."""
    if not T0_S <= at_s <= T0_S + 20.0:
        raise OutsideTrack("the flight lasted 20 s")
    look = Attitude(yaw_deg=0.0, pitch_deg=-60.0)
    position = FRAME.geodetic_from_enu(np.array([0.0, -30.0 + 5.0 * (at_s - T0_S), 35.0]))
    return Pose(at_s=at_s, position=position, body=look, gimbal=look, sigmas=SIGMAS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something on the ground that the fake detector finds.

    Attributes:
        class_id: as detectors number them.
        enu_m: where it meets the ground.
        size_m: width and height.
        from_s: seen from so many seconds after T0.
        until_s: and until then.
    """

    class_id: int
    enu_m: tuple[float, float]
    size_m: float = 1.5
    from_s: float = 0.0
    until_s: float = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySource:
    """A `FrameSource` whose pictures carry their own number in their first pixels."""

    profile: SourceProfile
    pose: Callable[[float], Pose] = fixed_pose
    look_id: str = "look-1"
    look_hz: float = 1.0
    count: int = 20

    def frames(self) -> Iterator[Frame]:
        """Blank pictures, one each 1/look_hz."""
        for number in range(self.count):
            image = np.zeros((360, 640, 3), dtype=np.uint8)
            image[0, 0, 0] = number
            at_s = T0_S + number / self.look_hz
            yield Frame(
                frame_id=number,
                source_id=self.profile.source_id,
                pts_s=number / self.look_hz,
                captured_at_s=at_s,
                clock_offset_s=0.0,
                image_bgr=image,
            )

    def burst(self, from_pts_s: float, until_pts_s: float, hz: float) -> Iterator[Frame]:  # noqa: ARG002 - the port's
        """No more pictures than `frames` has."""
        return iter(())

    left_out = ()

    def pose_at(self, at_s: float) -> Pose:
        """As the pose function says."""
        return self.pose(at_s)

    def original(self, from_pts_s: float, until_pts_s: float) -> tuple[bytes, str]:
        """Bytes that stand for the camera's packets."""
        return f"packets {from_pts_s:.1f} to {until_pts_s:.1f}".encode(), "video/mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruthEngine:
    """An `Engine` that sees things exactly where the true pose shows them."""

    source: MemorySource
    things: tuple[Thing, ...]
    model: ModelIdentity = TRUTH

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes standing on each thing's projected foot."""
        at_s = T0_S + int(image_bgr[0, 0, 0]) / self.source.look_hz
        rows = [self._box(thing, at_s) for thing in self.things]
        seen = [row for row in rows if row is not None]
        return Detections(
            xyxy_px=np.array([row[0] for row in seen], dtype=np.float32).reshape(-1, 4),
            score=np.full(len(seen), 0.8, dtype=np.float32),
            class_id=np.array([row[1] for row in seen], dtype=np.int64),
            model=self.model,
        )

    def _box(self, thing: Thing, at_s: float) -> tuple[tuple[float, float, float, float], int] | None:
        if not thing.from_s <= at_s - T0_S <= thing.until_s:
            return None
        east_m, north_m = thing.enu_m
        half_m = thing.size_m / 2
        points = np.array([[east_m - half_m, north_m, 0.0], [east_m + half_m, north_m, 0.0]])
        shown = project(CAMERA, FRAME, self.source.pose(at_s), points)
        if not shown.in_view.all():
            return None
        (left, y1), (right, y2) = shown.xy_px
        bottom, height = float((y1 + y2) / 2), float(right - left)
        return (float(left), bottom - height, float(right), bottom), thing.class_id


def profile(kind: SourceKind = SourceKind.CITY_EYE, *, located: bool = True) -> SourceProfile:
    """Who looks."""
    return SourceProfile(source_id=f"test-{kind}", kind=kind, name="test camera", camera=CAMERA, located=located)
