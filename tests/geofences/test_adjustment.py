"""A flight calibrated from itself: what was put in comes out; and pictures that contradict their heading are named."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from geofences.adjustment import Ties, calibrate
from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.contradiction import OnGround, contradictions
from geofences.error_terms import CAUSES, JointErrors
from geofences.errors import InvalidGeometry
from geofences.local_frame import LocalFrame
from geofences.location import locate
from geofences.mount import Mount
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from geofences.projection import project
from geofences.terrain import Terrain

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3, lon_deg=120.1, alt_ellipsoid_m=10.0))
CAMERA = Camera.from_fov(size_px=(1600, 900), hfov_deg=80.0)
LONGER = Camera.from_fov(size_px=(1600, 900), hfov_deg=79.0)
STATED = PoseSigmas(yaw_deg=5.0, tilt_deg=1.5)
SEATS = (Mount(seat_cam_deg=(0.8, -0.5, 3.0)), Mount(seat_cam_deg=(-0.6, 0.4, -2.0)))


def _flight(rng: np.random.Generator) -> tuple[list[Pose], list[int], Ties]:
    """Two lines of five pictures, north and south, over gently sloping ground; seats differ by line."""
    spots_m = np.column_stack((rng.uniform(-60, 60, (150, 2)), rng.normal(0, 0.2, 150)))
    spots_m[:, 2] += 0.03 * spots_m[:, 0]
    stated, legs, rows = [], [], []
    for leg, number in itertools.product((0, 1), range(5)):
        north = (number - 2) * 14.0 * (1 if leg == 0 else -1)
        eye = FRAME.geodetic_from_enu(np.array([leg * 25.0 - 12.0, north, 40.0]))
        look = Attitude(yaw_deg=180.0 * leg, pitch_deg=-90.0)
        pose = Pose(at_s=float(10 * leg + number), position=eye, body=look, gimbal=look, sigmas=STATED)
        shown = project(LONGER, FRAME, SEATS[leg].corrected(pose), spots_m)
        rows += [
            (len(stated), point, *(shown.xy_px[point] + rng.normal(0, 0.3, 2)))
            for point in np.flatnonzero(shown.in_view)
        ]
        stated.append(pose)
        legs.append(leg)
    table = np.array(rows)
    seen = np.bincount(table[:, 1].astype(int), minlength=150)
    table = table[seen[table[:, 1].astype(int)] >= 2]
    numbers = {point: place for place, point in enumerate(sorted(set(table[:, 1].astype(int))))}
    points = np.array([numbers[int(point)] for point in table[:, 1]])
    surveyed = np.full((len(numbers), 3), np.nan)
    return (
        stated,
        legs,
        Ties(picture=table[:, 0].astype(int), point=points, xy_px=table[:, 2:], surveyed_enu_m=surveyed),
    )


def test_seats_of_two_lines_and_the_ground_are_found_from_ties_alone() -> None:
    """Heading errors of 3 and -2 degrees are found as well as claimed, and the slope to a centimetre a metre."""
    stated, legs, ties = _flight(np.random.default_rng(3))
    found = calibrate(CAMERA, FRAME, stated, legs, ties, ground_up_m=0.5)
    for mount, sigmas, seat in zip(found.mounts, found.mount_sigmas, SEATS, strict=True):
        assert (np.abs(np.subtract(mount.seat_cam_deg, seat.seat_cam_deg)) < 2 * sigmas[3:]).all()
        assert mount.seat_cam_deg[2] == pytest.approx(seat.seat_cam_deg[2], abs=0.7)
    assert found.pixel_sigma_px == pytest.approx(0.3, abs=0.05)
    assert found.roughness_m == pytest.approx(0.2, abs=0.05)
    assert found.ground_slope == pytest.approx([0.03, 0.0], abs=0.01)
    assert np.median(found.residual_px) < 0.5


def test_a_picture_of_a_calibrated_line_is_seen_as_the_lens_saw_it() -> None:
    """Between corners of the picture, corrected telemetry is less than half as wrong: what is left is the tilt."""
    stated, legs, ties = _flight(np.random.default_rng(4))
    found = calibrate(CAMERA, FRAME, stated, legs, ties, ground_up_m=0.0)
    corrected = found.place(stated[2], 0)
    corners_m = np.array([[x - 12.0, y, 0.03 * x] for x in (-25.0, 25.0) for y in (-14.0, 14.0)])
    truth = np.diff(project(LONGER, FRAME, SEATS[0].corrected(stated[2]), corners_m).xy_px, axis=0)
    before = np.diff(project(CAMERA, FRAME, stated[2], corners_m).xy_px, axis=0)
    after = np.diff(project(found.camera(CAMERA), FRAME, corrected, corners_m).xy_px, axis=0)
    assert np.abs(before - truth).max() > 30
    assert np.abs(after - truth).max() < np.abs(before - truth).max() / 2
    assert 0 < corrected.sigmas.yaw_deg < 5


def test_errors_estimated_together_make_a_smaller_ellipse_than_added_up() -> None:
    """Position and seat of a leg are told apart badly, their sum is known well: the joint errors say so."""
    stated, legs, ties = _flight(np.random.default_rng(5))
    found = calibrate(CAMERA, FRAME, stated, legs, ties, ground_up_m=0.0)
    exact = PoseSigmas(horizontal_m=0, vertical_m=0, yaw_deg=0, tilt_deg=0, time_s=0)
    pose, joint = replace(found.poses[2], sigmas=exact), found.errors(0, 2, by="survey")
    assert np.diag(joint.effects @ joint.effects.T)[0] == pytest.approx(found.focal_sigma_share**2, rel=0.01)
    exactly = {"ground_alt_ellipsoid_m": 10.0, "terrain": found.terrain, "pixel_sigma_px": 0, "ground_sigma_m": 0}
    lens = found.camera(CAMERA)
    fix = locate(lens, FRAME, replace(pose, joint=joint), np.array([1200.0, 700.0]), **exactly)
    apart = JointErrors(effects=np.diag(np.linalg.norm(joint.effects, axis=1)), causes=CAUSES, shared_by="survey")
    added = locate(lens, FRAME, replace(pose, joint=apart), np.array([1200.0, 700.0]), **exactly)
    assert fix.ellipse.semi_major_m < 0.9 * added.ellipse.semi_major_m


def test_joint_errors_move_the_point_as_the_things_themselves_do() -> None:
    """Each of the twelve, moved by a little for real, moves the located point by its column."""
    look = Attitude(yaw_deg=20.0, pitch_deg=-70.0)
    eye = FRAME.geodetic_from_enu(np.array([3.0, 4.0, 50.0]))
    pose = Pose(at_s=0.0, position=eye, body=look, gimbal=look, velocity_enu_m_s=(3.0, -2.0, 0.5))
    lens = replace(CAMERA, distortion=np.array([-0.05, 0.0, 0.0, 0.0, 0.0]))
    small, xy_px = 1e-3, np.array([1100.0, 200.0])

    def placed(
        pose: Pose = pose, lens: Camera = lens, up_m: float = 0.0, slope: tuple[float, float] | None = None
    ) -> np.ndarray:
        posts_m = np.array([[[-1, 1], [1, 1]], [[-1, -1], [1, -1]]]) * 99.0
        ground = Terrain(up_m=posts_m @ slope, west_m=-99.0, north_m=99.0, cell_m=198.0) if slope else None
        fix = locate(lens, FRAME, pose, xy_px, ground_alt_ellipsoid_m=10.0 + up_m, terrain=ground)
        return np.asarray(fix.enu_m[:2])

    def mounted(**by: object) -> Pose:
        return Mount(**by).corrected(pose)

    longer = lens.k * np.array([[1 + small], [1 + small], [1.0]])
    longer[:2, 2] = lens.k[:2, 2]
    late = tuple(small * v for v in pose.velocity_enu_m_s)
    moved = [
        placed(lens=replace(lens, k=longer)), placed(up_m=small),
        placed(lens=replace(lens, distortion=lens.distortion + np.array([small, 0, 0, 0, 0]))),
        placed(slope=(small, 0)), placed(slope=(0, small)),
        *(placed(mounted(offset_enu_m=tuple(small * axis))) for axis in np.eye(3)),
        *(placed(mounted(seat_cam_deg=tuple(small * axis))) for axis in np.eye(3)),
        placed(mounted(offset_enu_m=late)),
    ]  # fmt: skip
    unit = JointErrors(effects=np.eye(12), causes=CAUSES, shared_by="x")
    fix = locate(lens, FRAME, replace(pose, joint=unit), xy_px, ground_alt_ellipsoid_m=10.0)
    columns = np.array([term.effect_m for term in fix.terms if term.shared_by == "x"])
    # Where a ray meets a height model is found to a millimetre, so a slope's column to a metre a unit.
    assert columns == pytest.approx((np.array(moved) - placed()) / small, rel=0.03, abs=1.0)
    steady = [0, 1, 2, *range(5, 12)]
    assert columns[steady] == pytest.approx(((np.array(moved) - placed()) / small)[steady], rel=0.01, abs=0.01)


def test_too_few_ties_are_refused() -> None:
    """A handful of sights says nothing."""
    stated, legs, ties = _flight(np.random.default_rng(3))
    few = Ties(picture=ties.picture[:6], point=ties.point[:6], xy_px=ties.xy_px[:6], surveyed_enu_m=ties.surveyed_enu_m)
    with pytest.raises(InvalidGeometry, match="6 tie points"):
        calibrate(CAMERA, FRAME, stated, legs, few, ground_up_m=0.0)


def _pair(first: int, second: int, below: list[np.ndarray], turns: list[int]) -> OnGround:
    """What both pictures say of the same twelve points, each turned about the point below it."""
    points = np.random.default_rng(first * 10 + second).uniform(-10, 10, (12, 2)) + (below[first] + below[second]) / 2

    def as_seen(picture: int) -> np.ndarray:
        angle = np.radians(turns[picture])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        seen: np.ndarray = (points - below[picture]) @ turn.T + below[picture] + 1.0
        return seen

    return OnGround(
        first=first,
        second=second,
        first_m=as_seen(first),
        second_m=as_seen(second),
        first_below_m=below[first],
        second_below_m=below[second],
    )


@pytest.mark.parametrize("turns", [[0, 0, 0, 0, 0], [0, 180, 180, 0, 0], [180, 180, 180, 180, 180], [0, 90, 0, 270, 0]])
def test_turned_pictures_are_named_with_their_turn(turns: list[int]) -> None:
    """Also where all are turned alike: their way over the ground gives them away."""
    below = [np.array([0.0, 14.0 * number]) for number in range(5)]
    pairs = [_pair(i, j, below, turns) for i, j in itertools.combinations(range(5), 2)]
    assert contradictions(pairs) == {picture: turn for picture, turn in enumerate(turns) if turn}
