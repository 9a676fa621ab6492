"""Where a camera was and where it looked, when, and how well that is known. Interpolates; never extrapolates."""

from __future__ import annotations

import bisect
import math
from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING

from geofences.attitude import Attitude
from geofences.errors import InvalidGeometry, OutsideTrack
from geofences.position import Geodetic

if TYPE_CHECKING:
    from geofences.error_terms import JointErrors


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
        if not all(0 <= sigma < math.inf for sigma in astuple(self)):
            raise InvalidGeometry(f"sigmas must be finite and not negative: {self}")

    def worse(self, other: PoseSigmas) -> PoseSigmas:
        """The larger of each."""
        return PoseSigmas(**{cause: max(sigma, getattr(other, cause)) for cause, sigma in asdict(self).items()})


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
        joint: what a calibration of lens and pose left wrong of both, besides `sigmas`; a camera's own sigma of its
            focal length is then not counted again.
    """

    at_s: float
    position: Geodetic
    body: Attitude
    gimbal: Attitude
    sigmas: PoseSigmas = PoseSigmas()
    velocity_enu_m_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    joint: JointErrors | None = None


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
            raise InvalidGeometry("a pose track needs at least one pose")
        if any(b.at_s <= a.at_s for a, b in zip(self.poses, self.poses[1:], strict=False)):
            raise InvalidGeometry("pose times must strictly increase")

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
            raise OutsideTrack(f"no pose at {at_s:.3f}: the track covers {self.start_s:.3f} to {self.end_s:.3f}")
        right = bisect.bisect_left(self.poses, at_s, key=lambda pose: pose.at_s)
        after = self.poses[right]
        if after.at_s == at_s:
            return after
        before = self.poses[right - 1]
        if after.at_s - before.at_s > self.max_gap_s:
            raise OutsideTrack(f"no pose at {at_s:.3f}: telemetry is silent from {before.at_s:.3f} to {after.at_s:.3f}")
        return _interpolate(before, after, at_s)


def _interpolate(a: Pose, b: Pose, at_s: float) -> Pose:
    share = (at_s - a.at_s) / (b.at_s - a.at_s)

    def between(u: float, v: float) -> float:
        return u + (v - u) * share

    def between_deg(u: float, v: float) -> float:
        """The short way round, in -180..180."""
        return (u + ((v - u + 180.0) % 360.0 - 180.0) * share + 180.0) % 360.0 - 180.0

    def between_attitudes(u: Attitude, v: Attitude) -> Attitude:
        return Attitude(
            yaw_deg=between_deg(u.yaw_deg, v.yaw_deg),
            pitch_deg=between_deg(u.pitch_deg, v.pitch_deg),
            roll_deg=between_deg(u.roll_deg, v.roll_deg),
        )

    east, north, up = map(between, a.velocity_enu_m_s, b.velocity_enu_m_s)
    return Pose(
        at_s=at_s,
        position=Geodetic(
            lat_deg=between(a.position.lat_deg, b.position.lat_deg),
            lon_deg=between_deg(a.position.lon_deg, b.position.lon_deg),
            alt_ellipsoid_m=between(a.position.alt_ellipsoid_m, b.position.alt_ellipsoid_m),
        ),
        body=between_attitudes(a.body, b.body),
        gimbal=between_attitudes(a.gimbal, b.gimbal),
        sigmas=a.sigmas.worse(b.sigmas),
        velocity_enu_m_s=(east, north, up),
    )
