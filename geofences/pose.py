"""Where a camera was and where it looked, when, and how well that is known. Interpolates; never extrapolates."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

from geofences.attitude import Attitude
from geofences.errors import InvalidGeometry, OutsideTrack
from geofences.position import Geodetic


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseSigmas:
    """One-sigma uncertainties of a pose.

    Attributes:
        horizontal_m: per horizontal axis.
        vertical_m: height.
        yaw_deg: heading of the lens.
        tilt_deg: of the lens about each of two horizontal axes (pitch and roll of a level lens).
        time_s: offset between pose clock and picture clock.
    """

    horizontal_m: float = 1.5
    vertical_m: float = 1.0
    yaw_deg: float = 1.5
    tilt_deg: float = 0.5
    time_s: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what is no uncertainty.

        Raises:
            InvalidGeometry: a sigma is negative or not finite.
        """
        sigmas = (self.horizontal_m, self.vertical_m, self.yaw_deg, self.tilt_deg, self.time_s)
        if not all(0 <= sigma < math.inf for sigma in sigmas):
            msg = f"sigmas must be finite and not negative: {self}"
            raise InvalidGeometry(msg)

    def worse(self, other: PoseSigmas) -> PoseSigmas:
        """The larger of each."""
        return PoseSigmas(
            horizontal_m=max(self.horizontal_m, other.horizontal_m),
            vertical_m=max(self.vertical_m, other.vertical_m),
            yaw_deg=max(self.yaw_deg, other.yaw_deg),
            tilt_deg=max(self.tilt_deg, other.tilt_deg),
            time_s=max(self.time_s, other.time_s),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """One camera carrier at one moment.

    Attributes:
        at_s: seconds since the Unix epoch, UTC.
        position: of the camera's optical centre.
        body: the airframe's attitude (for a fixed camera, the same as `gimbal`).
        gimbal: the lens's attitude in the earth frame (yaw from true north, pitch -90 straight down).
        sigmas: how well all of it is known.
        velocity_enu_m_s: ground velocity east, north, up, used for the effect of a time offset.
    """

    at_s: float
    position: Geodetic
    body: Attitude
    gimbal: Attitude
    sigmas: PoseSigmas = PoseSigmas()
    velocity_enu_m_s: tuple[float, float, float] = (0.0, 0.0, 0.0)


def _between(a: float, b: float, share: float) -> float:
    return a + (b - a) * share


def _between_deg(a: float, b: float, share: float) -> float:
    """Interpolate angles the short way round, in -180..180."""
    turn = (b - a + 180.0) % 360.0 - 180.0
    return (a + turn * share + 180.0) % 360.0 - 180.0


def _between_attitudes(a: Attitude, b: Attitude, share: float) -> Attitude:
    return Attitude(
        yaw_deg=_between_deg(a.yaw_deg, b.yaw_deg, share),
        pitch_deg=_between_deg(a.pitch_deg, b.pitch_deg, share),
        roll_deg=_between_deg(a.roll_deg, b.roll_deg, share),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseTrack:
    """Poses in time order.

    Attributes:
        poses: at least one, strictly increasing `at_s`.
        max_gap_s: two neighbours further apart than this are not interpolated between.
    """

    poses: tuple[Pose, ...]
    max_gap_s: float = 2.0

    def __post_init__(self) -> None:
        """Check order.

        Raises:
            InvalidGeometry: there is no pose, or times do not increase.
        """
        if not self.poses:
            msg = "a pose track needs at least one pose"
            raise InvalidGeometry(msg)
        if any(b.at_s <= a.at_s for a, b in zip(self.poses, self.poses[1:], strict=False)):
            msg = "pose times must strictly increase"
            raise InvalidGeometry(msg)

    @property
    def start_s(self) -> float:
        """Time of the first pose."""
        return self.poses[0].at_s

    @property
    def end_s(self) -> float:
        """Time of the last pose."""
        return self.poses[-1].at_s

    def at(self, at_s: float) -> Pose:
        """The pose at one moment, linear between neighbours, with the worse of their sigmas.

        Args:
            at_s: seconds since the Unix epoch, UTC.

        Raises:
            OutsideTrack: before the first pose, after the last, or inside a gap longer than `max_gap_s`.
        """
        if not self.start_s <= at_s <= self.end_s:
            msg = f"no pose at {at_s:.3f}: the track covers {self.start_s:.3f} to {self.end_s:.3f}"
            raise OutsideTrack(msg)
        right = bisect.bisect_left(self.poses, at_s, key=lambda pose: pose.at_s)
        after = self.poses[right]
        if after.at_s == at_s:
            return after
        before = self.poses[right - 1]
        if after.at_s - before.at_s > self.max_gap_s:
            msg = f"no pose at {at_s:.3f}: telemetry is silent from {before.at_s:.3f} to {after.at_s:.3f}"
            raise OutsideTrack(msg)
        return _interpolate(before, after, at_s)


def _interpolate(a: Pose, b: Pose, at_s: float) -> Pose:
    share = (at_s - a.at_s) / (b.at_s - a.at_s)
    position = Geodetic(
        lat_deg=_between(a.position.lat_deg, b.position.lat_deg, share),
        lon_deg=_between_deg(a.position.lon_deg, b.position.lon_deg, share),
        alt_ellipsoid_m=_between(a.position.alt_ellipsoid_m, b.position.alt_ellipsoid_m, share),
    )
    velocity = tuple(_between(u, v, share) for u, v in zip(a.velocity_enu_m_s, b.velocity_enu_m_s, strict=True))
    return Pose(
        at_s=at_s,
        position=position,
        body=_between_attitudes(a.body, b.body, share),
        gimbal=_between_attitudes(a.gimbal, b.gimbal, share),
        sigmas=a.sigmas.worse(b.sigmas),
        velocity_enu_m_s=(velocity[0], velocity[1], velocity[2]),
    )
