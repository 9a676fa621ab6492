"""A fixed camera's place, attitude and, if unknown, focal length, from points whose pixel and position are both known.

Rule: what is poor is refused by name; nothing is made of pairs that cannot tell a wrong answer from a right one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from geofences.error_terms import CAUSES, JointErrors, root_of
from geofences.lens import distort
from geofences.projection import view_rays_cam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geofences.camera import Camera

Array = NDArray[np.float64]
FEWEST, FEWEST_WITH_FOCAL = 4, 6
# Second spread over the first, below which points are a line to the eye; third, below which a plane; share of the
# picture that points must span to tell a longer lens from a greater distance. Source: our choice,
# tests/pipeline/geotag/test_resection.py.
THIN, FLAT, SPAN = 0.05, 0.1, (0.35, 0.15)
# Root mean square miss, in sigmas, above which pairs contradict each other; a pair is the wrong one when all others
# agree so much better without it, which then miss it by so many sigmas, and no other pair left out does nearly as well.
# Source: our choice, the same tests; chi-square leaves 1 in 1000 good sets of six above the first.
MISFIT, DOUBT, BETTER, MISSED, CLEARER = 2.2, 1.5, 0.5, 5.0, 1.5
# How well a solution must be known. Source: our choice; 2 degrees are 1 m at 30 m.
WORST_M, WORST_DEG, WORST_FOCAL_SHARE = 2.0, 2.0, 0.1
_FOVS_DEG = (15, 25, 35, 45, 60, 75, 95, 120)
_FINALISTS = 3
_AHEAD_M = 0.1
_EXACT_SHARE = 1e-4  # a focal length stated without a sigma


class PoorPairs(Exception):
    """Pairs that no camera may be placed by; `pair` is the index of the one at fault, None when it is all of them."""

    def __init__(self, fault: str, remedy: str, pair: int | None = None) -> None:
        self.fault, self.remedy, self.pair = fault, remedy, pair
        super().__init__(fault)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Points known twice.

    Attributes:
        enu_m: (n, 3) where they are, in a local frame.
        xy_px: (n, 2) where they are seen.
        sigma_px: one sigma of the pixels, per axis.
        sigma_m: one sigma of the positions, per axis.
    """

    enu_m: Array
    xy_px: Array
    sigma_px: float
    sigma_m: float

    def without(self, left_out: int) -> Pairs:
        """All but one."""
        return replace(self, enu_m=np.delete(self.enu_m, left_out, 0), xy_px=np.delete(self.xy_px, left_out, 0))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resected:
    """A camera placed.

    Attributes:
        camera: the lens, its focal length as found.
        eye_m: (3,) east, north, up.
        enu_from_cam: (3, 3) rotation.
        sigma_m: one sigma of the place, per axis, root mean square.
        sigma_deg: and of each angle.
        joint: the errors of place, attitude and focal length, which hang together; `shared_by` nobody yet.
        misfit: root mean square miss of the pairs used, in sigmas.
        left_out: the pair found wrong, if one was.
    """

    camera: Camera
    eye_m: Array
    enu_from_cam: Array
    sigma_m: float
    sigma_deg: float
    joint: JointErrors
    misfit: float
    left_out: int | None = None

    def shown_px(self, enu_m: Array) -> Array:
        """(n, 2) where the camera so placed shows (n, 3) points."""
        return _shown(self.camera, self.camera.focal_px, self.enu_from_cam, self.eye_m, enu_m)

    def passed_m(self, enu_m: Array, xy_px: Array) -> Array:
        """(n,) how far each pixel's ray passes from its point, at the point's height; nan above the horizon."""
        rays = view_rays_cam(self.camera, xy_px) @ self.enu_from_cam.T
        fall_m = np.where(rays[:, 2] < 0, enu_m[:, 2] - self.eye_m[2], np.nan)
        met_m = self.eye_m + rays * (fall_m / rays[:, 2])[:, None]
        passed: Array = np.where(fall_m < 0, np.linalg.norm(met_m - enu_m, axis=1), np.nan)
        return passed


def resect(camera: Camera, pairs: Pairs, *, focal_known: bool) -> Resected:
    """Place a camera.

    Args:
        camera: its lens; only size, principal point and distortion count where the focal length is unknown.
        pairs: at least four, six without the focal length.
        focal_known: whether the lens states it.

    Raises:
        PoorPairs: too few or nearly in line, contradicting each other, leading below the ground, or leaving the
            camera too badly known.
    """
    _refuse_few(camera, pairs, focal_known=focal_known)
    found = _solved(camera, pairs, focal_known=focal_known)
    fewest = FEWEST if focal_known else FEWEST_WITH_FOCAL
    if found.misfit > DOUBT and len(pairs.xy_px) >= fewest + 2:
        tries = [_solved(camera, pairs.without(i), focal_known=focal_known) for i in range(len(pairs.xy_px))]
        order = np.argsort([one.misfit for one in tries])
        best = tries[order[0]]
        missed = np.linalg.norm(best.shown_px(pairs.enu_m) - pairs.xy_px, axis=1) / _sigmas(
            best.camera.focal_px, best.eye_m, pairs
        )
        told = tries[order[1]].misfit > CLEARER * best.misfit
        if best.misfit < BETTER * found.misfit and missed[order[0]] > MISSED and told:
            found = replace(best, left_out=int(order[0]))
        elif found.misfit > MISFIT:
            raise _contradiction(found.misfit, int(order[0]))
    _refuse_poor(found, pairs, focal_known=focal_known)
    return found


def _refuse_few(camera: Camera, pairs: Pairs, *, focal_known: bool) -> None:
    count, fewest = len(pairs.xy_px), FEWEST if focal_known else FEWEST_WITH_FOCAL
    if count < fewest:
        without = "" if focal_known else " without hfov_deg or focal_px"
        raise PoorPairs(
            f"{count} pairs are too few: {fewest} are needed{without}", "Add pairs, spread over the picture"
        )
    for what, points in (("pixels", pairs.xy_px), ("positions", pairs.enu_m)):
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        if spread[1] < THIN * spread[0]:
            raise PoorPairs(f"the pairs' {what} lie nearly in one line", "Add pairs off that line")
    share = np.ptp(pairs.xy_px, axis=0) / camera.size_px
    if not focal_known and (share < SPAN).any():
        fault = f"the pairs span {share[0]:.0%} by {share[1]:.0%} of the picture, too little to tell its focal length"
        raise PoorPairs(fault, "State lens.hfov_deg or lens.focal_px, or add pairs towards the picture's corners")


def _refuse_poor(found: Resected, pairs: Pairs, *, focal_known: bool) -> None:
    miss_px = np.linalg.norm(found.shown_px(pairs.enu_m) - pairs.xy_px, axis=1)
    if found.left_out is not None:
        miss_px[found.left_out] = 0
    worst = int(np.argmax(miss_px))
    if not found.misfit <= MISFIT:
        raise _contradiction(found.misfit, worst)
    below_m = float(pairs.enu_m[:, 2].min() - found.eye_m[2])
    if below_m > 0:
        raise PoorPairs(f"the camera comes out {below_m:.1f} m below the lowest pair", "Check the heights", worst)
    known = (found.sigma_m, found.sigma_deg, found.camera.focal_sigma_share if not focal_known else 0.0)
    if not (np.array(known) <= (WORST_M, WORST_DEG, WORST_FOCAL_SHARE)).all():
        fault = f"the pairs leave the camera known to {known[0]:.1f} m, {known[1]:.1f} deg and its focal length to "
        raise PoorPairs(f"{fault}{known[2]:.0%} only", "Add pairs, near and far, at other heights, towards the corners")


def _contradiction(misfit: float, worst: int) -> PoorPairs:
    fault = f"the pairs contradict each other, by {misfit:.1f} times their sigmas, and this one most of all"
    return PoorPairs(fault, "Check its pixel and position, then the others, the lens and the sigmas", worst)


def _solved(camera: Camera, pairs: Pairs, *, focal_known: bool) -> Resected:
    """The best of all starts.

    Raises:
        PoorPairs: none leads anywhere.
    """

    def missed_px(start: tuple[Camera, Array, Array]) -> float:
        lens, turned, eye = start
        shown = _shown(lens, lens.focal_px, turned, eye, pairs.enu_m)
        return float(np.linalg.norm(shown - pairs.xy_px, axis=1).mean())

    starts = sorted(_starts(camera, pairs, focal_known), key=missed_px)[:_FINALISTS]
    if not starts:
        raise PoorPairs("no camera shows these pairs", "Check that each pixel belongs to its position")
    return min((_refined(*start, pairs, focal_known=focal_known) for start in starts), key=lambda one: one.misfit)


def _starts(camera: Camera, pairs: Pairs, focal_known: bool) -> Iterator[tuple[Camera, Array, Array]]:  # noqa: FBT001
    """Lenses to try with where they must then be. Source: Terzakis and Lourakis (2020); Collins and Bartoli (2014)."""
    middle = pairs.enu_m.mean(axis=0)
    left, sizes, axes = np.linalg.svd(pairs.enu_m - middle, full_matrices=False)
    ways = [(cv2.SOLVEPNP_SQPNP, pairs.enu_m - middle)]
    if sizes[2] < FLAT * sizes[0]:
        ways.append((cv2.SOLVEPNP_IPPE, (left * (sizes * (1, 1, 0))) @ axes))
    for lens in (camera,) if focal_known else (_longer(camera, _focal_px(camera, fov)) for fov in _FOVS_DEG):
        for way, points in ways:
            found = cv2.solvePnPGeneric(points, pairs.xy_px, lens.k, lens.distortion, flags=way)
            for turn, shift in zip(found[1], found[2], strict=True):
                enu_from_cam = cv2.Rodrigues(turn)[0].T
                yield lens, enu_from_cam, middle - (enu_from_cam @ shift).ravel()


def _refined(camera: Camera, enu_from_cam: Array, eye_m: Array, pairs: Pairs, *, focal_known: bool) -> Resected:
    """Least squares from a start; sigmas from its normal matrix, wider where the pairs miss by more than theirs."""
    start = Rotation.from_matrix(enu_from_cam)
    known = 1 / max(camera.focal_sigma_share, _EXACT_SHARE) if focal_known else 0.0

    def placed(unknowns: Array) -> tuple[float, Array, Array]:
        focal_px = camera.focal_px * float(np.exp(unknowns[6]))
        return focal_px, (start * Rotation.from_rotvec(unknowns[:3])).as_matrix(), eye_m + unknowns[3:6]

    def misses(unknowns: Array) -> Array:
        focal_px, turned, eye = placed(unknowns)
        missed_px = _shown(camera, focal_px, turned, eye, pairs.enu_m) - pairs.xy_px
        missed: Array = missed_px / _sigmas(focal_px, eye, pairs)[:, None]
        return np.append(missed.ravel(), known * unknowns[6])

    solved = least_squares(misses, np.zeros(7), x_scale="jac", max_nfev=60)
    misfit = float(np.sqrt(2 * solved.cost / (2 * len(pairs.xy_px) - (6 if focal_known else 7))))
    covariance = np.linalg.pinv(solved.jac.T @ solved.jac, hermitian=True) * max(1.0, misfit**2)
    focal_px, turned, eye = placed(np.asarray(solved.x, dtype=np.float64))
    joint = _joint(covariance, steep=turned[2, 2] < -np.sqrt(0.5))
    sigmas = np.linalg.norm(joint.effects, axis=1)
    return Resected(
        camera=replace(_longer(camera, focal_px), focal_sigma_share=min(float(sigmas[0]), 0.99)),
        eye_m=eye,
        enu_from_cam=turned,
        sigma_m=float(np.sqrt((sigmas[5:8] ** 2).mean())),
        sigma_deg=float(np.sqrt((sigmas[8:11] ** 2).mean())),
        joint=joint,
        misfit=misfit,
    )


def _joint(covariance: Array, *, steep: bool) -> JointErrors:
    """Errors of (7, 7) the turn in radians, place and log of the focal length; a steep lens's roll is its heading."""
    effects = np.zeros((len(CAUSES), 7))
    effects[[8, 9, 10, 5, 6, 7, 0]] = root_of(covariance, np.sqrt(np.diag(covariance)))
    effects[8:11] = np.degrees(effects[8:11])
    turns = ("tilt", "tilt", "yaw") if steep else ("tilt", "yaw", "tilt")
    return JointErrors(effects=effects, causes=(*turns, "position", "position", "height", "lens"), shared_by="")


def _sigmas(focal_px: float, eye_m: Array, pairs: Pairs) -> Array:
    """(n,) one sigma of a pair in pixels: of the pixel, and of the position as seen from there."""
    distance_m = np.maximum(np.linalg.norm(pairs.enu_m - eye_m, axis=1), 1.0)
    sigmas: Array = np.hypot(pairs.sigma_px, focal_px * pairs.sigma_m / distance_m)
    return sigmas


def _shown(camera: Camera, focal_px: float, enu_from_cam: Array, eye_m: Array, enu_m: Array) -> Array:
    seen = (enu_m - eye_m) @ enu_from_cam
    shown: Array = distort(camera.distortion, seen[:, :2] / np.maximum(seen[:, 2:], _AHEAD_M)) * focal_px
    return shown + camera.k[:2, 2]


def _focal_px(camera: Camera, fov_deg: float) -> float:
    return camera.size_px[0] / 2 / float(np.tan(np.radians(fov_deg) / 2))


def _longer(camera: Camera, focal_px: float) -> Camera:
    k = camera.k.copy()
    k[0, 0] = k[1, 1] = focal_px
    return replace(camera, k=k)
