"""The angle conventions, by literal cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.attitude import Attitude, enu_from_cam, enu_from_frd
from geofences.errors import InvalidGeometry

_E, _N, _U = np.eye(3)
_angles = st.floats(-720, 720)


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll", "right", "down", "ahead"),
    [
        (0, 0, 0, _E, -_U, _N),
        (90, 0, 0, -_N, -_U, _E),
        (180, 0, 0, -_E, -_U, -_N),
        (0, -90, 0, _E, -_N, -_U),
        (90, -90, 0, -_N, -_E, -_U),
        (0, 90, 0, _E, _N, _U),
        (0, 0, 90, -_U, -_E, _N),
    ],
)
def test_camera_axes(
    yaw: float, pitch: float, roll: float, right: np.ndarray, down: np.ndarray, ahead: np.ndarray
) -> None:
    """Where picture right, picture down and the lens point; looking down with yaw 90 the picture's top is east."""
    rotation = enu_from_cam(Attitude(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll))
    assert rotation == pytest.approx(np.column_stack((right, down, ahead)), abs=1e-12)


@pytest.mark.parametrize(
    ("attitude", "nose_up_m"),
    [(Attitude(yaw_deg=0, pitch_deg=30), 0.5), (Attitude(yaw_deg=217, pitch_deg=-30, roll_deg=12), -0.5)],
)
def test_positive_pitch_raises_the_nose(attitude: Attitude, nose_up_m: float) -> None:
    """The nose's height is the sine of the pitch, whatever yaw and roll."""
    assert enu_from_frd(attitude)[2, 0] == pytest.approx(nose_up_m)


def test_positive_roll_lowers_the_right_side() -> None:
    """Body right points below the horizon when rolled right."""
    assert enu_from_frd(Attitude(yaw_deg=0, pitch_deg=0, roll_deg=30))[2, 1] == pytest.approx(-0.5)


@given(yaw=_angles, pitch=_angles, roll=_angles)
def test_attitudes_are_rotations(yaw: float, pitch: float, roll: float) -> None:
    """Every attitude keeps lengths and handedness."""
    rotation = enu_from_cam(Attitude(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll))
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_an_angle_that_is_not_finite_is_refused() -> None:
    """Missing telemetry must not become an attitude."""
    with pytest.raises(InvalidGeometry, match="not finite"):
        Attitude(yaw_deg=math.nan, pitch_deg=0)
