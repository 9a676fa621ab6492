"""A flight's pictures and the points they share, as one problem of least squares: what errs, by how much, how it shows.

Unknowns, in order: focal length (log), ground height, k1, the ground's slope and the position that all legs have in
common; position, seat and clock of each leg; each picture's own position and turn; points. Metres, degrees, seconds.
Source: Triggs et al. (2000), Bundle Adjustment - A Modern Synthesis; priors as observations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag, csr_matrix, diags_array, vstack
from scipy.sparse.linalg import splu
from scipy.spatial.transform import Rotation

from geofences.attitude import enu_from_cam
from geofences.lens import distort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csc_matrix

    from geofences.adjustment import Ties
    from geofences.camera import Camera
    from geofences.local_frame import LocalFrame
    from geofences.pose import Pose

Array = NDArray[np.float64]
# Prior sigmas, frozen on 2026-11-25 before any share inside an ellipse was looked at; never tuned on one.
# Telemetry errs by what its poses state (`Pose.sigmas`; of consumer logs `flights.telemetry.poses.LOGGED_SIGMAS`, of
# 2026-11-23, from DJI's specification sheets). Shares of the variance that are a picture's own and common to all legs,
# for east, north, up and the lens's three angles; the rest is a leg's. Of positions and heights a tenth is a picture's
# own: satellite and barometer errors hold on for a minute and more (`pipeline.geotag.sharing.FLIGHT`); the rest of a
# position is halved between all legs and one. Of angles half is a leg's: an attitude sensor's static error is about
# half its error in motion (Xsens MTi user manual MT0100P, 4.2: roll and pitch 0.5, heading 1.0, in motion 2 deg RMS).
OWN = np.array([0.1, 0.1, 0.1, 0.5, 0.5, 0.5])
COMMON = np.array([0.45, 0.45, 0, 0, 0, 0])
# The focal length where the camera states no sigma: catalogues round 35 mm equivalents to whole millimetres, 0.5 / 20.
# First distortion coefficient, slope and clock: our bounds of a corrected lens, a city's ground, a radio's delay.
_FOCAL_SIGMA, _K1_SIGMA, _SLOPE_SIGMA, _TIME_SIGMA_S = 0.03, 0.03, 0.1, 0.5
# How well texture is found: a first guess, then what it turns out to be, but no better than a tenth of a pixel. How
# rough the ground is: a guess on the safe side.
_PIXEL_SIGMA_PX, _SMALLEST_PX, _ROUGHNESS_M = 1.0, 0.1, 1.0

COMMON_N = 7
_WIDTHS = (COMMON_N, 7, 6, 3)
_ROBUST, _STEPS, _SETTLED, _DAMPING = 2.0, 60, 1e-7, 1e-4
_AHEAD_M, _NEAR, _RIDGE, _FEWEST_LEFT = 0.1, 1e-4, 1e-9, 12.0
_K1 = np.array([1.0, 0, 0, 0, 0])


def stated_sigmas(pose: Pose) -> Array:
    """(6,) what telemetry says that it may be wrong by: east, north, up metres, across, along and heading degrees."""
    of = pose.sigmas
    return np.array([of.horizontal_m, of.horizontal_m, of.vertical_m, of.tilt_deg, of.tilt_deg, of.yaw_deg])


class Bundle:
    """The problem. `unknowns` is always in the order of this module's docstring.

    Args:
        camera: the lens as known before; its `focal_sigma_share` is believed.
        frame: local frame.
        poses: of the pictures, as telemetry has them.
        flights: (pictures,) which leg each belongs to.
        ties: sights of points.
        ground_up_m: height of the ground in `frame`, about.
        ground_sigma_m: one sigma of it.
    """

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
        self.camera, self.flights, self.ties, self.ground_up_m = camera, flights, ties, ground_up_m
        self.eyes_m = np.array([frame.enu_from_geodetic(pose.position) for pose in poses])
        self.rotations = Rotation.from_matrix(np.array([enu_from_cam(pose.gimbal) for pose in poses]))
        self.velocities = np.array([pose.velocity_enu_m_s for pose in poses])
        self.surveyed = np.isfinite(ties.surveyed_enu_m[:, 0])
        self.pixel_sigma_px = _PIXEL_SIGMA_PX
        legs = int(flights.max()) + 1
        self.ends = np.cumsum([COMMON_N, 7 * legs, 6 * len(poses), 3 * len(self.surveyed)])
        stated, up_cam = np.array([stated_sigmas(pose) for pose in poses]), self.rotations.as_matrix()[:, 2]
        roots = [_root(sigmas * np.sqrt(OWN), up) for sigmas, up in zip(stated, up_cam, strict=True)]
        for leg in reversed(range(legs)):
            sigmas, up = (rows[flights == leg].mean(axis=0) for rows in (stated, up_cam))
            roots[:0] = [_root(sigmas * np.sqrt(1 - OWN - COMMON), up), np.array([[_TIME_SIGMA_S]])]
        shared = [camera.focal_sigma_share or _FOCAL_SIGMA, ground_sigma_m, _K1_SIGMA, _SLOPE_SIGMA, _SLOPE_SIGMA]
        root = block_diag([np.diag([*shared, *(stated.mean(axis=0) * np.sqrt(COMMON))[:2]]), *roots]).toarray()
        self.prior_sigmas = np.sqrt(np.sum(root**2, axis=1))
        self.unit_prior = csr_matrix(np.linalg.inv(root))

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
        """Common (7,), legs (l, 7), pictures (n, 6), points (p, 3)."""
        common, flights, pictures, points = np.split(unknowns, self.ends[:-1])
        points_m = np.where(self.surveyed[:, None], self.ties.surveyed_enu_m, points.reshape(-1, 3))
        return common, flights.reshape(-1, 7), pictures.reshape(-1, 6), points_m

    def pose_arrays(self, unknowns: Array) -> tuple[Array, Rotation]:
        """Eyes (n, 3) and rotations of the pictures."""
        common, flights, pictures, _ = self.parts(unknowns)
        bias = flights[self.flights]
        eyes = self.eyes_m + [*common[5:], 0.0] + bias[:, :3] + pictures[:, :3] + self.velocities * bias[:, 6:]
        return eyes, self.rotations * Rotation.from_rotvec(bias[:, 3:6] + pictures[:, 3:], degrees=True)

    def misses_px(self, unknowns: Array) -> Array:
        """(n, 2) where each sight is seen, less where it should be."""
        shown = self._shown_px(unknowns[0], unknowns[2], self._seen_m(unknowns)[0])
        return shown + self.camera.k[:2, 2] - self.ties.xy_px

    def residuals(self, unknowns: Array) -> Array:
        """Misses and departures from what was known before, each in units of its sigma."""
        common, *_, points_m = self.parts(unknowns)
        rough = points_m[:, 2] - self.ground_up_m - common[1] - points_m[:, :2] @ common[3:5]
        return np.concatenate(
            (
                self.misses_px(unknowns).ravel() / self.pixel_sigma_px,
                self.unit_prior @ unknowns[: self.ends[2]],
                rough[~self.surveyed] / _ROUGHNESS_M,
            )
        )

    def jacobian(self, unknowns: Array) -> csr_matrix:
        """Residuals by unknowns."""
        common, *_, points_m = self.parts(unknowns)
        at, point = self.ties.picture, self.ties.point
        begins = (0 * at, self.ends[0] + 7 * self.flights[at], self.ends[1] + 6 * at, self.ends[2] + 3 * point)
        columns = np.hstack([b[:, None] + np.arange(width) for b, width in zip(begins, _WIDTHS, strict=True)])
        free = np.flatnonzero(~self.surveyed)
        of_ground = np.tile([1, 3, 4, 0, 0, 0], (len(free), 1))
        of_ground[:, 3:] = self.ends[2] + 3 * free[:, None] + np.arange(3)
        east_north = points_m[free, :2]
        ones = np.ones((len(free), 1))
        rough = np.hstack((-ones, -east_north, -common[3:5] * ones, ones)) / _ROUGHNESS_M
        prior = csr_matrix(
            (self.unit_prior.data, self.unit_prior.indices, self.unit_prior.indptr),
            (self.unit_prior.shape[0], self.ends[-1]),
        )
        sights = self._by_sight(unknowns).reshape(2 * len(at), -1) / self.pixel_sigma_px
        return vstack((self._rows(np.repeat(columns, 2, axis=0), sights), prior, self._rows(of_ground, rough))).tocsr()

    def weigh(self, unknowns: Array, covariance: Array) -> float:
        """Set the sigma of ties to what it turned out to be; how rough the ground turned out, one sigma in metres.

        Source: variance components by redundancy, Foerstner (1979). The roughness is not fed back: with a tight
        one the likeliest flight is too low, because that flattens the ground (Neyman and Scott, 1948).
        """
        misses, jacobian, sights = self.residuals(unknowns), self.jacobian(unknowns), 2 * len(self.ties.picture)

        def turned_out(rows: slice) -> float:
            weights, part = _trust(misses[rows]), jacobian[rows]
            left = len(weights) - float((part.T @ diags_array(weights) @ part).multiply(covariance).sum())
            enough = left > _FEWEST_LEFT
            return math.sqrt(np.average(misses[rows] ** 2, weights=weights) * len(weights) / left) if enough else 1.0

        self.pixel_sigma_px = max(self.pixel_sigma_px * turned_out(slice(sights)), _SMALLEST_PX)
        return _ROUGHNESS_M * turned_out(slice(sights + int(self.ends[2]), None))

    def settled(self, unknowns: Array) -> tuple[Array, csc_matrix]:
        """The most likely unknowns, and the normal matrix there.

        Source: Levenberg-Marquardt with soft L1 as re-weighting, Triggs et al. (2000), 2.2 and 4.
        """
        damping, misses = _DAMPING, self.residuals(unknowns)
        for _ in range(_STEPS):
            before, weights, jacobian = _cost(misses), _trust(misses), self.jacobian(unknowns)
            normal = jacobian.T @ diags_array(weights) @ jacobian + _RIDGE * diags_array(np.ones(len(unknowns)))
            gradient = jacobian.T @ (weights * misses)
            step = splu((normal + damping * diags_array(normal.diagonal())).tocsc()).solve(gradient)
            tried = self.residuals(unknowns - step)
            gained = before - _cost(tried)
            damping = damping / 10 if gained >= 0 else damping * 10
            if gained >= 0:
                unknowns, misses = unknowns - step, tried
            if abs(gained) < _SETTLED * before:
                break
        return unknowns, normal

    def _seen_m(self, unknowns: Array) -> tuple[Array, Array]:
        """(n, 3) each sight's point from its lens, in the lens's axes; (n, 3, 3) cam_from_enu."""
        eyes, rotations = self.pose_arrays(unknowns)
        at = self.ties.picture
        cam_from_enu = rotations.as_matrix()[at].transpose(0, 2, 1)
        points_m = self.parts(unknowns)[3][self.ties.point]
        return np.einsum("nij,nj->ni", cam_from_enu, points_m - eyes[at]), cam_from_enu

    def _shown_px(self, focal: float, k1: float, seen_m: Array) -> Array:
        """(n, 2) where points in the lens's axes are seen, from the picture's principal point."""
        plane = seen_m[:, :2] / np.maximum(seen_m[:, 2:], _AHEAD_M)
        shown: Array = distort(self.camera.distortion + k1 * _K1, plane) @ self.camera.k[:2, :2].T * np.exp(focal)
        return shown

    def _by_sight(self, unknowns: Array) -> Array:
        """(n, 2, 23) pixels of each sight by the common unknowns, its leg's, its picture's and its point's."""
        (seen, cam_from_enu), (_, flights, pictures, _) = self._seen_m(unknowns), self.parts(unknowns)
        focal, k1, at = unknowns[0], unknowns[2], self.ties.picture

        def by(step_m: Array, step_k1: float = 0.0) -> Array:
            there, back = (self._shown_px(focal, k1 + s * step_k1, seen + s * step_m) for s in (1, -1))
            slope: Array = (there - back)[:, :, None] / (2 * _NEAR)
            return slope

        by_seen = np.concatenate([by(axis) for axis in _NEAR * np.eye(3)], axis=2)
        by_point = by_seen @ cam_from_enu
        # exp(v + dv) is exp(v) exp(dv - v x dv / 2) to first order, and a point turns against the lens.
        turn = np.radians(flights[self.flights[at], 3:6] + pictures[at, 3:])
        crossed, half = np.cross(np.eye(3), seen[:, None]), np.cross(np.eye(3), turn[:, None]) / 2
        by_turn = by_seen @ crossed @ np.radians(np.eye(3) - half)
        longer, bent = self._shown_px(focal, k1, seen)[:, :, None], by(np.zeros(3), _NEAR)
        none = np.zeros((len(seen), 2, 1))
        common = (longer, none, bent, none, none, -by_point[..., :2])
        clock = -by_point @ self.velocities[at][:, :, None]
        return np.concatenate((*common, -by_point, by_turn, clock, -by_point, by_turn, by_point), axis=2)

    def _rows(self, columns: NDArray[np.int64], values: Array) -> csr_matrix:
        """Sparse rows of equally many entries each; none for surveyed points."""
        kept = np.where(np.isin(columns, self._known()), 0.0, values)
        ends = np.arange(0, columns.size + 1, columns.shape[1])
        return csr_matrix((kept.ravel(), columns.ravel(), ends), (len(columns), int(self.ends[-1])))

    def _known(self) -> NDArray[np.int64]:
        """Unknowns that are none: coordinates of surveyed points."""
        known: NDArray[np.int64] = self.ends[2] + 3 * np.flatnonzero(self.surveyed)[:, None] + np.arange(3)
        return known.ravel()


def _root(sigmas: Array, up_cam: Array) -> Array:
    """(6, 6) root of a position's and a turn's covariance; turns are about the lens's axes, tilt about level ones."""
    up = up_cam / np.linalg.norm(up_cam)
    root = np.diag(sigmas)
    root[3:, 3:] = sigmas[3] * np.eye(3) + (sigmas[5] - sigmas[3]) * np.outer(up, up)
    return root


def _trust(misses: Array) -> Array:
    """Weight of each observation: one, and less for those more than `_ROBUST` sigmas off."""
    weights: Array = 1 / np.sqrt(1 + (misses / _ROBUST) ** 2)
    return weights


def _cost(misses: Array) -> float:
    return float(np.sum(1 / _trust(misses) - 1))
