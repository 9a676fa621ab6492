"""Calibration of a flight from itself: lens, seat of the lens, position bias and clock, from points that it saw twice.

A bundle adjustment: pictures' poses start from the telemetry and may move as far as its sigmas let them; what all
pictures of a leg have in common is the calibration, what is left is each picture's own error. Surveyed points may be
among the points. Source: Triggs et al. (2000), Bundle Adjustment - A Modern Synthesis; priors as observations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.sparse import lil_matrix
from scipy.spatial.transform import Rotation

from geofences.attitude import attitude_from_enu_cam, enu_from_cam
from geofences.errors import InvalidGeometry
from geofences.lens import distort
from geofences.mount import Mount
from geofences.terrain import Terrain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geofences.camera import Camera
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose

Array = NDArray[np.float64]
# What telemetry may be wrong by: common to a flight, and each picture's own. Metres, metres, degrees (right, down and
# forward axis of the lens; of a lens that looks down the last one is the heading), share, seconds.
_BIAS_SIGMAS = (1.5, 1.5, 0.7, 1.5, 1.5, 5.0)
OWN_SIGMAS = (0.5, 0.5, 0.3, 0.5, 0.5, 2.5)
_FOCAL_SIGMA, _K1_SIGMA, _SLOPE_SIGMA, _TIME_SIGMA_S = 0.03, 0.03, 0.1, 0.5
_PIXEL_SIGMA_PX, _ROUGHNESS_M = 1.0, 1.0
_FEWEST_TIES, _AHEAD_M = 12, 0.1
_K1 = np.array([1.0, 0, 0, 0, 0])
_HALF_M = 2000.0  # no flight is longer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """Points seen in pictures.

    Attributes:
        picture: (n,) index of the picture.
        point: (n,) number of the point, 0 up; a point is seen in at least two pictures, or is surveyed.
        xy_px: (n, 2) where.
        surveyed_enu_m: (points, 3) of surveyed points, nan for the others.
    """

    picture: NDArray[np.int64]
    point: NDArray[np.int64]
    xy_px: Array
    surveyed_enu_m: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibrated:
    """What a flight says of its own camera.

    Attributes:
        mounts: one a flight: seat, position bias and clock.
        mount_sigmas: (flights, 6) one sigma of the bias: east, north, up m, then the seat's three angles deg.
        focal_share: factor on the camera's focal length.
        focal_sigma_share: one sigma of it.
        k1_added: to the camera's first distortion coefficient.
        ground_up_m: height of the ground at the frame's origin.
        ground_slope: (2,) how much it rises a metre to the east and to the north.
        poses: the pictures' poses after adjustment.
        residual_px: (n,) how far each sight is from where it should be.
    """

    mounts: tuple[Mount, ...]
    mount_sigmas: Array
    focal_share: float
    focal_sigma_share: float
    k1_added: float
    ground_up_m: float
    ground_slope: Array
    poses: tuple[Pose, ...]
    residual_px: Array

    def place(self, pose: Pose, flight: int) -> Pose:
        """Another picture of a leg: its telemetry corrected, with what sigmas are left.

        Args:
            pose: the log's at the picture's time plus the leg's `time_offset_s`.
            flight: the leg, as numbered for `calibrate`.
        """
        bias, own = self.mount_sigmas[flight], np.array(OWN_SIGMAS)
        left = np.hypot(bias, own)
        sigmas = replace(
            pose.sigmas,
            horizontal_m=float(np.sqrt(np.mean(left[:2] ** 2))),
            vertical_m=float(left[2]),
            tilt_deg=float(np.sqrt(np.mean(left[3:5] ** 2))),
            yaw_deg=float(left[5]),
        )
        return replace(self.mounts[flight].corrected(pose), sigmas=sigmas)

    @property
    def terrain(self) -> Terrain:
        """The sloping ground as a height model."""
        corners = np.array([[[-1, 1], [1, 1]], [[-1, -1], [1, -1]]]) * _HALF_M
        up_m = self.ground_up_m + corners @ self.ground_slope
        return Terrain(up_m=up_m, west_m=-_HALF_M, north_m=_HALF_M, cell_m=2 * _HALF_M)

    def camera(self, camera: Camera) -> Camera:
        """The camera with its focal length corrected."""
        k = camera.k * np.array([[self.focal_share], [self.focal_share], [1.0]])
        k[:2, 2] = camera.k[:2, 2]
        distortion = camera.distortion + self.k1_added * _K1
        return replace(camera, k=k, distortion=distortion, focal_sigma_share=self.focal_sigma_share)


def calibrate(
    camera: Camera,
    frame: LocalFrame,
    poses: Sequence[Pose],
    flights: Sequence[int],
    ties: Ties,
    *,
    ground_up_m: float,
    ground_sigma_m: float = 2.0,
) -> Calibrated:
    """Calibrate from ties.

    Args:
        camera: the lens as known before.
        frame: local frame.
        poses: of the pictures, as telemetry has them.
        flights: (pictures,) which flight each belongs to, 0 up: pictures of a flight share their bias.
        ties: at least a dozen sights.
        ground_up_m: height of the ground in `frame`, about.
        ground_sigma_m: one sigma of it.

    Raises:
        InvalidGeometry: there are too few ties to say anything.
    """
    if len(ties.picture) < _FEWEST_TIES:
        raise InvalidGeometry(
            f"{len(ties.picture)} tie points are too few to calibrate from, {_FEWEST_TIES} are needed"
        )
    bundle = _Bundle(camera, frame, poses, np.array(flights, dtype=np.int64), ties, ground_up_m, ground_sigma_m)
    solved = least_squares(
        bundle.residuals, bundle.start(), jac_sparsity=bundle.sparsity(), loss="soft_l1", f_scale=2.0, method="trf",
        x_scale="jac", max_nfev=60,
    )  # fmt: skip
    return bundle.answer(np.asarray(solved.x, dtype=np.float64), solved.jac)


class _Bundle:
    """Unknowns, in order: focal, ground height, k1, ground slope; bias and clock a leg; own error a picture; points."""

    def __init__(
        self,
        camera: Camera,
        frame: LocalFrame,
        poses: Sequence[Pose],
        flights: NDArray[np.int64],
        ties: Ties,
        ground_up_m: float,
        ground_sigma_m: float,
    ) -> None:
        self.camera, self.frame, self.poses, self.flights, self.ties = camera, frame, poses, flights, ties
        self.ground_up_m, self.ground_sigma_m = ground_up_m, ground_sigma_m
        self.eyes_m = np.array([frame.enu_from_geodetic(pose.position) for pose in poses])
        self.rotations = Rotation.from_matrix(np.array([enu_from_cam(pose.gimbal) for pose in poses]))
        self.velocities = np.array([pose.velocity_enu_m_s for pose in poses])
        self.surveyed = np.isfinite(ties.surveyed_enu_m[:, 0])
        flights_n = int(flights.max()) + 1
        self.ends = np.cumsum([5, 7 * flights_n, 6 * len(poses), 3 * len(ties.surveyed_enu_m)])

    def start(self) -> Array:
        """As telemetry has it; points where their sights meet the ground."""
        unknowns = np.zeros(self.ends[-1])
        sums, counts = np.zeros((len(self.surveyed), 3)), np.zeros(len(self.surveyed))
        plane = (self.ties.xy_px - self.camera.k[:2, 2]) / self.camera.focal_px
        rays = self.rotations[self.ties.picture].apply(np.column_stack((plane, np.ones(len(plane)))))
        eyes = self.eyes_m[self.ties.picture]
        met = eyes + rays * ((self.ground_up_m - eyes[:, 2]) / np.minimum(rays[:, 2], -0.05))[:, None]
        np.add.at(sums, self.ties.point, met)
        np.add.at(counts, self.ties.point, 1)
        unknowns[self.ends[2] :] = (sums / np.maximum(counts, 1)[:, None]).ravel()
        return unknowns

    def parts(self, unknowns: Array) -> tuple[Array, Array, Array, Array]:
        """Focal, ground, k1 and slope (5,), flights (f, 7), pictures (n, 6), points (p, 3)."""
        common, flights, pictures, points = np.split(unknowns, self.ends[:-1])
        points_m = np.where(self.surveyed[:, None], self.ties.surveyed_enu_m, points.reshape(-1, 3))
        return common, flights.reshape(-1, 7), pictures.reshape(-1, 6), points_m

    def pose_arrays(self, flights: Array, pictures: Array) -> tuple[Array, Rotation]:
        """Eyes (n, 3) and rotations of the pictures."""
        bias = flights[self.flights]
        eyes = self.eyes_m + bias[:, :3] + pictures[:, :3] + self.velocities * bias[:, 6:]
        seat = Rotation.from_rotvec(bias[:, 3:6] + pictures[:, 3:], degrees=True)
        return eyes, self.rotations * seat

    def misses_px(self, unknowns: Array) -> Array:
        """(n, 2) where each sight is seen, less where it should be."""
        common, flights, pictures, points_m = self.parts(unknowns)
        eyes, rotations = self.pose_arrays(flights, pictures)
        at = self.ties.picture
        seen = rotations[at].inv().apply(points_m[self.ties.point] - eyes[at])
        plane = distort(self.camera.distortion + common[2] * _K1, seen[:, :2] / np.maximum(seen[:, 2:], _AHEAD_M))
        shown: Array = plane @ self.camera.k[:2, :2].T * np.exp(common[0]) + self.camera.k[:2, 2] - self.ties.xy_px
        return shown

    def residuals(self, unknowns: Array) -> Array:
        """Misses and departures from what was known before, each in units of its sigma."""
        common, flights, pictures, points_m = self.parts(unknowns)
        rough = (points_m[:, 2] - self.ground_up_m - common[1] - points_m[:, :2] @ common[3:]) / _ROUGHNESS_M
        return np.concatenate(
            (
                self.misses_px(unknowns).ravel() / _PIXEL_SIGMA_PX,
                common / (_FOCAL_SIGMA, self.ground_sigma_m, _K1_SIGMA, _SLOPE_SIGMA, _SLOPE_SIGMA),
                (flights / (*_BIAS_SIGMAS, _TIME_SIGMA_S)).ravel(),
                (pictures / OWN_SIGMAS).ravel(),
                np.where(self.surveyed, 0.0, rough),
            )
        )

    def sparsity(self) -> lil_matrix:
        """Which residual depends on which unknown."""
        sights, points = len(self.ties.picture), len(self.surveyed)
        priors = int(self.ends[2])
        pattern = lil_matrix((2 * sights + priors + points, int(self.ends[-1])), dtype=np.int8)
        for sight, (picture, point) in enumerate(zip(self.ties.picture, self.ties.point, strict=True)):
            rows = slice(2 * sight, 2 * sight + 2)
            pattern[rows, 0] = pattern[rows, 2] = 1
            for begin, width in (
                (self.ends[0] + 7 * self.flights[picture], 7),
                (self.ends[1] + 6 * picture, 6),
                (self.ends[2] + 3 * point, 3),
            ):
                pattern[rows, int(begin) : int(begin) + width] = 1
        for prior in range(priors):
            pattern[2 * sights + prior, prior] = 1
        for point in range(points):
            row, begin = 2 * sights + priors + point, int(self.ends[2]) + 3 * point
            pattern[row, 1] = pattern[row, 3] = pattern[row, 4] = 1
            pattern[row, begin : begin + 3] = 1
        return pattern

    def answer(self, unknowns: Array, jacobian: object) -> Calibrated:
        """The calibration, with sigmas from the normal matrix."""
        common, flights, pictures, _ = self.parts(unknowns)
        eyes, rotations = self.pose_arrays(flights, pictures)
        normal = (jacobian.T @ jacobian).toarray()  # type: ignore[attr-defined]  # scipy is not typed
        variances = np.diag(np.linalg.pinv(normal, hermitian=True))
        sigmas = np.sqrt(np.maximum(variances, 0))
        looks = [attitude_from_enu_cam(matrix) for matrix in rotations.as_matrix()]
        poses = tuple(
            replace(pose, position=self.frame.geodetic_from_enu(eye), gimbal=look)
            for pose, eye, look in zip(self.poses, eyes, looks, strict=True)
        )
        return Calibrated(
            mounts=tuple(_mount(bias) for bias in flights),
            mount_sigmas=sigmas[self.ends[0] : self.ends[1]].reshape(-1, 7)[:, :6],
            focal_share=float(np.exp(common[0])),
            k1_added=float(common[2]),
            ground_up_m=self.ground_up_m + float(common[1]),
            ground_slope=common[3:],
            focal_sigma_share=float(sigmas[0]),
            poses=poses,
            residual_px=np.hypot(*self.misses_px(unknowns).T),
        )


def _mount(bias: Array) -> Mount:
    east, north, up, right, down, forward, late_s = (float(value) for value in bias)
    return Mount(offset_enu_m=(east, north, up), seat_cam_deg=(right, down, forward), time_offset_s=late_s)
