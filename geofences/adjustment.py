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

from geofences.attitude import attitude_from_enu_cam
from geofences.bundle import COMMON_N, OWN, Bundle, stated_sigmas
from geofences.error_terms import CAUSES, JointErrors, root_of
from geofences.errors import InvalidGeometry
from geofences.mount import Mount
from geofences.terrain import Terrain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geofences.camera import Camera
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose

Array = NDArray[np.float64]
_FEWEST_TIES = 12
_K1 = np.array([1.0, 0, 0, 0, 0])
_ROUNDS = 3
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
        mounts: one a flight: seat, position bias (its own and what is common to all) and clock.
        covariance: (n, n) of all that was estimated together: focal length, ground height, k1, slope, position common
            to all flights; bias and clock of each flight; own error of each picture.
        priors: (n,) their sigmas before.
        focal_share: factor on the camera's focal length.
        focal_sigma_share: one sigma of it.
        k1_added: to the camera's first distortion coefficient.
        pixel_sigma_px: how well ties agree, one sigma.
        ground_up_m: height of the ground at the frame's origin.
        ground_slope: (2,) how much it rises a metre to the east and to the north.
        poses: the pictures' poses after adjustment.
        residual_px: (n,) how far each sight is from where it should be.
        roughness_m: how far points lie above or below the sloping ground, one sigma.
    """

    mounts: tuple[Mount, ...]
    covariance: Array
    priors: Array
    focal_share: float
    focal_sigma_share: float
    k1_added: float
    ground_up_m: float
    ground_slope: Array
    pixel_sigma_px: float
    poses: tuple[Pose, ...]
    residual_px: Array
    roughness_m: float = 0.0

    def place(self, pose: Pose, flight: int, *, own: bool = False) -> Pose:
        """Another picture of a leg: its telemetry corrected, with what sigmas are left.

        Args:
            pose: the log's at the picture's time plus the leg's `time_offset_s`.
            flight: the leg, as numbered for `calibrate`.
            own: state only the picture's own sigmas, and leave the calibration's to `errors`.
        """
        left = np.hypot(0.0 if own else self.mount_sigmas[flight], stated_sigmas(pose) * np.sqrt(OWN))
        sigmas = replace(
            pose.sigmas,
            horizontal_m=float(np.sqrt(np.mean(left[:2] ** 2))),
            vertical_m=float(left[2]),
            tilt_deg=float(np.sqrt(np.mean(left[3:5] ** 2))),
            yaw_deg=float(left[5]),
        )
        return replace(self.mounts[flight].corrected(pose), sigmas=sigmas)

    @property
    def mount_sigmas(self) -> Array:
        """(flights, 6) one sigma of each mount's bias: east, north, up m, then the seat's three angles deg."""
        return np.array(
            [np.linalg.norm(self.errors(leg, by="").effects[5:11], axis=1) for leg in range(len(self.mounts))]
        )

    @property
    def own_sigmas(self) -> Array:
        """(6,) one sigma of what a picture errs by on its own, in the order of `mount_sigmas`: mean of all."""
        own: Array = self.priors[COMMON_N + 7 * len(self.mounts) :].reshape(-1, 6).mean(axis=0)
        return own

    def errors(self, flight: int, picture: int | None = None, *, by: str) -> JointErrors:
        """What is left wrong of a leg's calibration, with all its correlations.

        Args:
            flight: the leg.
            picture: one of those calibrated from, whose pose is in `poses`; else another picture of the leg.
            by: whose errors they are, such as the survey's name: looks under one name share them.
        """
        legs_end = COMMON_N + 7 * len(self.mounts)
        count = legs_end if picture is None else len(self.priors)
        root = root_of(self.covariance[:count, :count], self.priors[:count])
        effects = np.zeros((len(CAUSES), count))
        effects[:COMMON_N] = root[:COMMON_N]
        effects[5:] += root[COMMON_N + 7 * flight :][:7]
        if picture is not None:
            effects[5:11] += root[legs_end + 6 * picture :][:6]
        causes = (*CAUSES[:COMMON_N], *CAUSES[5:] * len(self.mounts), *CAUSES[5:11] * len(self.poses))[:count]
        return JointErrors(effects=effects, causes=causes, shared_by=by)

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

    Ties are then weighed by how well they agree, and adjusted again; the telemetry's sigmas stay as stated.

    Args:
        camera: the lens as known before; its `focal_sigma_share` is believed.
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
    bundle = Bundle(camera, frame, poses, np.array(flights, dtype=np.int64), ties, ground_up_m, ground_sigma_m)
    unknowns = bundle.start()
    for _ in range(_ROUNDS):
        unknowns, normal = bundle.settled(unknowns)
        covariance = np.linalg.inv(normal.toarray())
        roughness_m = bundle.weigh(unknowns, covariance)
    return replace(_answer(bundle, frame, poses, unknowns, covariance), roughness_m=roughness_m)


def _answer(bundle: Bundle, frame: LocalFrame, poses: Sequence[Pose], unknowns: Array, covariance: Array) -> Calibrated:
    """The calibration, with its covariance from the inverse of the normal matrix."""
    common, flights, *_ = bundle.parts(unknowns)
    eyes, rotations = bundle.pose_arrays(unknowns)
    looks = [attitude_from_enu_cam(matrix) for matrix in rotations.as_matrix()]
    adjusted = tuple(
        replace(pose, position=frame.geodetic_from_enu(eye), gimbal=look)
        for pose, eye, look in zip(poses, eyes, looks, strict=True)
    )
    return Calibrated(
        mounts=tuple(_mount(bias) for bias in flights + np.pad(common[5:], (0, 5))),
        covariance=covariance[: bundle.ends[2], : bundle.ends[2]],
        priors=bundle.prior_sigmas,
        focal_share=float(np.exp(common[0])),
        focal_sigma_share=float(np.sqrt(covariance[0, 0])),
        k1_added=float(common[2]),
        ground_up_m=bundle.ground_up_m + float(common[1]),
        ground_slope=common[3:5],
        pixel_sigma_px=bundle.pixel_sigma_px,
        poses=adjusted,
        residual_px=np.hypot(*bundle.misses_px(unknowns).T),
    )


def _mount(bias: Array) -> Mount:
    east, north, up, right, down, forward, late_s = (float(value) for value in bias)
    return Mount(offset_enu_m=(east, north, up), seat_cam_deg=(right, down, forward), time_offset_s=late_s)
