"""Pose tracks interpolate between what was recorded, the short way round, and never beyond it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.attitude import Attitude
from geofences.errors import InvalidGeometry, OutsideTrack
from geofences.pose import Pose, PoseSigmas, PoseTrack
from geofences.position import Geodetic

_yaws = st.floats(-180, 180)


def _pose(at_s: float, *, yaw_deg: float = 0.0, lon_deg: float = 120.0, sigmas: PoseSigmas | None = None) -> Pose:
    attitude = Attitude(yaw_deg=yaw_deg, pitch_deg=-60)
    return Pose(
        at_s=at_s,
        position=Geodetic(lat_deg=30, lon_deg=lon_deg, alt_ellipsoid_m=at_s),
        body=attitude,
        gimbal=attitude,
        sigmas=sigmas or PoseSigmas(),
        velocity_enu_m_s=(at_s, 0, 0),
    )


@given(times=st.lists(st.floats(0, 100), min_size=1, max_size=5, unique=True), at_s=st.floats(-50, 150))
def test_a_track_never_extrapolates(times: list[float], at_s: float) -> None:
    """A pose is given within the recorded span and refused outside it."""
    track = PoseTrack(poses=tuple(_pose(t) for t in sorted(times)), max_gap_s=1000)
    if min(times) <= at_s <= max(times):
        assert track.at(at_s).at_s == at_s
        assert track.at(at_s).position.alt_ellipsoid_m == pytest.approx(at_s)
    else:
        with pytest.raises(OutsideTrack, match="the track covers"):
            track.at(at_s)


def test_a_gap_is_not_bridged() -> None:
    """Inside a silence longer than max_gap_s there is no pose, but at its ends there is."""
    track = PoseTrack(poses=(_pose(10), _pose(13)), max_gap_s=2)
    assert track.at(13).at_s == 13
    with pytest.raises(OutsideTrack, match="silent"):
        track.at(11)


@pytest.mark.parametrize(
    ("start_deg", "end_deg", "middle_deg"),
    [(170, -170, 180), (-170, 170, 180), (10, 20, 15), (350, 10, 0), (-90, 90, 0)],
)
def test_angles_turn_the_short_way(start_deg: float, end_deg: float, middle_deg: float) -> None:
    """Half way between two headings lies on the shorter arc, also across 180."""
    track = PoseTrack(poses=(_pose(0, yaw_deg=start_deg), _pose(1, yaw_deg=end_deg)))
    turned = abs(track.at(0.5).gimbal.yaw_deg - middle_deg) % 180
    assert min(turned, 180 - turned) == pytest.approx(0)
    assert track.at(0.5).gimbal == track.at(0.5).body


@given(start_deg=_yaws, end_deg=_yaws, share=st.floats(0.001, 0.999))
def test_interpolated_headings_lie_on_the_short_arc(start_deg: float, end_deg: float, share: float) -> None:
    """The way to the interpolated heading and on to the end together is the way from start to end."""

    def apart(a: float, b: float) -> float:
        return abs((b - a + 180) % 360 - 180)

    middle = PoseTrack(poses=(_pose(0, yaw_deg=start_deg), _pose(1, yaw_deg=end_deg))).at(share).gimbal.yaw_deg
    assert apart(start_deg, middle) + apart(middle, end_deg) == pytest.approx(apart(start_deg, end_deg), abs=1e-6)


def test_longitude_crosses_the_180th_meridian() -> None:
    """Positions either side of the date line interpolate across it, not around the Earth."""
    track = PoseTrack(poses=(_pose(0, lon_deg=179.999), _pose(1, lon_deg=-179.999)))
    assert abs(track.at(0.5).position.lon_deg) == pytest.approx(180)


def test_between_poses_the_worse_sigmas_hold() -> None:
    """Interpolation never claims more than the worse of its ends."""
    good, bad = PoseSigmas(yaw_deg=1, horizontal_m=5), PoseSigmas(yaw_deg=9, horizontal_m=1)
    middle = PoseTrack(poses=(_pose(0, sigmas=good), _pose(1, sigmas=bad))).at(0.1)
    assert (middle.sigmas.yaw_deg, middle.sigmas.horizontal_m) == (9, 5)
    assert middle.velocity_enu_m_s == pytest.approx((0.1, 0, 0))


@pytest.mark.parametrize("times", [(), (1, 1), (2, 1)])
def test_poses_out_of_order_are_refused(times: tuple[float, ...]) -> None:
    """A track needs a pose, and times that increase."""
    with pytest.raises(InvalidGeometry):
        PoseTrack(poses=tuple(map(_pose, times)))


@pytest.mark.parametrize("sigma", [-0.1, math.nan, math.inf])
def test_what_is_no_uncertainty_is_refused(sigma: float) -> None:
    """A sigma is finite and not negative."""
    with pytest.raises(InvalidGeometry, match="sigmas"):
        PoseSigmas(yaw_deg=sigma)
