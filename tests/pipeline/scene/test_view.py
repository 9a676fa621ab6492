"""The scene's own projection agrees with the one that is under test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from geofences.camera import Camera
from geofences.projection import project
from pipeline.scene.cameras import drone_camera
from pipeline.scene.errors import Unrenderable
from pipeline.scene.view import NEAR_M, View, clip_near

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.pose import Pose
    from pipeline.scene.world import World


def test_view_projects_as_geofences_does(world: World, pose_at: Callable[..., Pose]) -> None:
    """Points on and above the ground fall on the same pixels both ways, and the homography agrees on the ground."""
    pose, camera = pose_at(3.0, -20.0, 35.0, 33.0, -60.0), drone_camera()
    ground = np.random.default_rng(1).uniform((-5, -15, 0), (25, 15, 0), (50, 3))
    raised = ground + np.array([0.0, 0.0, 2.5])
    view = View.of(camera, world.frame, pose)
    for points in (ground, raised):
        expected = project(camera, world.frame, pose, points).xy_px
        np.testing.assert_allclose(view.pixels(view.camera_points(points)), expected, atol=1e-6)
    flat = np.column_stack((ground[:, :2], np.ones(50))) @ view.picture_from_ground.T
    np.testing.assert_allclose(flat[:, :2] / flat[:, 2:], project(camera, world.frame, pose, ground).xy_px, atol=1e-6)


def test_clipping_keeps_what_lies_ahead() -> None:
    """A triangle through the lens plane becomes a polygon wholly in front; one behind vanishes."""
    through = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 5.0], [0.0, 1.0, 5.0]])
    cut = clip_near(through)
    assert len(cut) == 4
    assert cut[:, 2].min() == pytest.approx(NEAR_M)
    assert len(clip_near(through - (0, 0, 9))) == 0


def test_what_cannot_be_rendered_is_refused(world: World, pose_at: Callable[..., Pose]) -> None:
    """A distorted lens and a camera in the ground have no picture."""
    camera = drone_camera()
    bent = Camera(size_px=camera.size_px, k=camera.k, distortion=np.array([0.1, 0, 0, 0, 0]))
    with pytest.raises(Unrenderable, match="distort"):
        View.of(bent, world.frame, pose_at(0.0, 0.0, 30.0, 0.0, -60.0))
    with pytest.raises(Unrenderable, match="datum"):
        View.of(camera, world.frame, pose_at(0.0, 0.0, -9.0, 0.0, -60.0))
