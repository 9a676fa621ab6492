"""Distortion agrees with OpenCV, inverts, and is trusted only where it is one-to-one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofences.lens import distort, fold_radius, undistort

_WIDE = np.array([-0.28, 0.09, 0.0006, -0.0004, -0.01])
_FOLDING = np.array([-0.3, 0.0, 0.0, 0.0, 0.0])
_inside = st.floats(-0.7, 0.7)


def test_distortion_agrees_with_opencv() -> None:
    """Distorted points are those of cv2.projectPoints."""
    grid = np.stack(np.meshgrid(np.linspace(-0.8, 0.8, 9), np.linspace(-0.5, 0.5, 7)), axis=-1).reshape(-1, 2)
    rays = np.column_stack((grid, np.ones(len(grid))))
    theirs, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), np.eye(3), _WIDE)
    assert distort(_WIDE, grid) == pytest.approx(theirs.reshape(-1, 2), abs=1e-12)


@given(x=_inside, y=_inside)
@settings(deadline=None)
def test_undistort_inverts_distort(x: float, y: float) -> None:
    """Within the fold radius there and back is the same point."""
    xy = np.array([[x, y]])
    assert undistort(_WIDE, distort(_WIDE, xy)) == pytest.approx(xy, abs=1e-8)


def test_the_fold_is_where_the_radius_stops_growing() -> None:
    """With k1 = -0.3 the distorted radius peaks at sqrt(1 / 0.9)."""
    assert fold_radius(_FOLDING) == pytest.approx(np.sqrt(1 / 0.9))


@pytest.mark.parametrize("distortion", [np.zeros(5), np.array([0.1, 0.01, 0, 0, 0])])
def test_a_lens_that_only_stretches_never_folds(distortion: np.ndarray) -> None:
    """Without distortion, or with growing distortion only, every radius is good."""
    assert fold_radius(distortion) == np.inf


def test_nothing_leads_to_a_point_beyond_the_fold() -> None:
    """A distorted radius that no ideal point reaches is nan; its neighbours are not touched."""
    found = undistort(_FOLDING, np.array([[0.1, 0.1], [0.9, 0.0]]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()
