"""Pictures are decided by seed, pose and time, and show things where their labels say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from geofences.projection import project
from pipeline.scene.cameras import city_eyes, drone_camera
from pipeline.scene.render import SceneRenderer
from pipeline.scene.world import World, build_world

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.pose import Pose

    Poses = Callable[..., Pose]

AT_S = 1.79e9 + 20


def above(world: World, truth_id: str, pose_at: Poses) -> Pose:
    """A drone's pose with a planted thing in the middle of its picture."""
    planted = next(p for p in world.planted if p.truth_id == truth_id)
    east_m, north_m, _ = world.frame.enu_from_geodetic(planted.position)
    return pose_at(east_m, north_m - 35 / np.tan(np.radians(60)), 35.0, 0.0, -60.0)


def test_a_picture_is_decided_by_seed_pose_and_time(world: World, renderer: SceneRenderer, pose_at: Poses) -> None:
    """Another renderer of the same world takes the same picture, a moment later the noise differs."""
    pose, camera = above(world, "cones-held-bay", pose_at), drone_camera()
    picture = renderer.render(camera, pose, AT_S)
    assert picture.shape == (720, 1280, 3)
    assert picture.dtype == np.uint8
    twin = SceneRenderer(build_world(7, start_s=world.start_s))
    np.testing.assert_array_equal(picture, twin.render(camera, pose, AT_S))
    assert (renderer.render(camera, pose, AT_S + 0.1) != picture).any()


@pytest.mark.parametrize("truth_id", ["cones-held-bay", "cones-in-lane", "cones-works"])
def test_cones_have_a_box_each_around_orange_pixels(
    world: World, renderer: SceneRenderer, pose_at: Poses, truth_id: str
) -> None:
    """Every cone's ground contact projects into its own box, and the picture is orange there."""
    pose, camera = above(world, truth_id, pose_at), drone_camera()
    labels = renderer.boxes(camera, pose, AT_S)
    hsv = cv2.cvtColor(renderer.render(camera, pose, AT_S), cv2.COLOR_BGR2HSV)
    boxes = labels.xyxy_px[[i for i, name in enumerate(labels.truth_id) if name == truth_id]]
    parts = next(p for p in world.planted if p.truth_id == truth_id).parts
    assert len(boxes) == len(parts)
    enu = np.array([world.frame.enu_from_geodetic(part) for part in parts])
    for x, y in project(camera, world.frame, pose, enu).xy_px:
        feet = np.column_stack((boxes[:, [0, 2]].mean(axis=1), boxes[:, 3]))
        left, top, right, bottom = boxes[np.argmin(np.linalg.norm(feet - (x, y), axis=1))]
        assert left < x < right
        assert top < y < bottom
        inside = hsv[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
        orange = (inside[..., 0] < 20) & (inside[..., 1] > 150) & (inside[..., 2] > 120)
        assert orange.mean() > 0.12


@pytest.mark.parametrize("truth_id", ["sign-pavement", "sign-corner", "sign-permitted", "dust-site", "fumes-plaza"])
def test_signs_and_plumes_have_one_box_at_their_place(
    world: World, renderer: SceneRenderer, pose_at: Poses, truth_id: str
) -> None:
    """The one box of a sign holds its ground contact; that of a plume comes within two metres of its source."""
    pose, camera = above(world, truth_id, pose_at), drone_camera()
    labels = renderer.boxes(camera, pose, AT_S)
    [number] = [i for i, name in enumerate(labels.truth_id) if name == truth_id]
    planted = next(p for p in world.planted if p.truth_id == truth_id)
    assert labels.class_id[number] == planted.class_id
    spot = world.frame.enu_from_geodetic(planted.position)
    (x, y), (_, y_raised) = project(camera, world.frame, pose, np.array([spot, spot + np.array([0.0, 2.0, 0.0])])).xy_px
    slack = 1 if truth_id.startswith("sign") else abs(y - y_raised)
    left, top, right, bottom = labels.xyxy_px[number]
    assert left - slack < x < right + slack
    assert top - slack < y < bottom + slack


def test_plumes_change_while_the_rest_stays(world: World, renderer: SceneRenderer, pose_at: Poses) -> None:
    """Two seconds later the picture differs by more than noise inside the plume's box, and not elsewhere."""
    pose, camera = above(world, "dust-site", pose_at), drone_camera()
    before, after = (renderer.render(camera, pose, t).astype(float) for t in (AT_S, AT_S + 2))
    change = cv2.blur(np.abs(after - before).mean(axis=2), (9, 9))
    labels = renderer.boxes(camera, pose, AT_S)
    left, top, right, bottom = labels.xyxy_px[labels.truth_id.index("dust-site")].astype(int)
    assert change[top:bottom, left:right].max() > 8
    assert change[:, :200].max() < 5


def test_what_is_behind_something_has_no_box(world: World, renderer: SceneRenderer, pose_at: Poses) -> None:
    """From behind the shops and low, the sign on their pavement is hidden."""
    east_m, north_m, _ = world.frame.enu_from_geodetic(
        next(p for p in world.planted if p.truth_id == "sign-pavement").position
    )
    pose = pose_at(east_m, north_m + 40, 12.0, 180.0, -18.0)
    assert "sign-pavement" not in renderer.boxes(drone_camera(), pose, AT_S).truth_id


def test_a_street_camera_sees_sky_above_the_far_street(world: World, renderer: SceneRenderer) -> None:
    """The top rows of an oblique picture are one pale colour, the rest is not."""
    eye = city_eyes(world)[1]
    picture = cv2.blur(renderer.render(eye.camera, eye.pose, AT_S), (15, 15)).astype(float)
    assert picture[20].std(axis=0).max() < 8
    assert picture[600].std(axis=0).max() > 15
