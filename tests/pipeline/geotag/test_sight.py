"""Where tracks are put on the ground: solids at their foot, dust at the middle of what it covers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from geofences.projection import project
from pipeline.domain.finding import Drop, DropReason
from pipeline.domain.frame import SourceKind, SourceProfile
from pipeline.domain.offence import Offence
from pipeline.domain.sighting import Sighting
from pipeline.domain.track import Observation, Track
from pipeline.geotag.ground import Ground
from pipeline.geotag.sight import sight

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0))
GROUND = Ground(frame=FRAME, alt_ellipsoid_m=15.0, sigma_m=0.2)
CAMERA = Camera.from_fov(size_px=(1280, 720), hfov_deg=62.0)
PROFILE = SourceProfile(source_id="s", kind=SourceKind.CITY_EYE, name="s", camera=CAMERA)
BOX = tuple[float, float, float, float]


def pose(height_m: float, pitch_deg: float) -> Pose:
    """Above the origin, looking north and down."""
    look = Attitude(yaw_deg=0.0, pitch_deg=pitch_deg)
    sigmas = PoseSigmas(horizontal_m=0.1, vertical_m=0.1, yaw_deg=0.1, tilt_deg=0.1, time_s=0.0)
    position = FRAME.geodetic_from_enu(np.array([0.0, 0.0, height_m]))
    return Pose(at_s=0.0, position=position, body=look, gimbal=look, sigmas=sigmas)


def box_round(at: Pose, points_m: np.ndarray) -> BOX:
    """The box about projected points."""
    xy = project(CAMERA, FRAME, at, points_m).xy_px
    left, top = xy.min(axis=0)
    right, bottom = xy.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def track(offence: Offence, *boxes: BOX) -> Track:
    """A track of those boxes."""
    seen = tuple(Observation(frame_id=i, pts_s=i, at_s=i, xyxy_px=box, score=0.9) for i, box in enumerate(boxes))
    return Track(track_id=1, offence=offence, observations=seen, frames_covered=len(seen))


@pytest.mark.parametrize(("height_m", "pitch_deg", "north_m"), [(12.0, -20.0, 34.0), (35.0, -60.0, 20.0)])
def test_dust_is_put_in_the_middle_of_the_ground_it_covers(height_m: float, pitch_deg: float, north_m: float) -> None:
    """A low round cloud 10 m across is located within 1.5 m of its middle, flat view or steep, inside its ellipse."""
    at = pose(height_m, pitch_deg)
    turn = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack((5 * np.cos(turn), north_m + 5 * np.sin(turn), np.zeros(60)), axis=1)
    cloud = np.vstack((ring, ring + np.array([0.0, 0.0, 1.5])))
    seen = sight(track(Offence.DUST, box_round(at, cloud)), PROFILE, "look", lambda _at_s: at, GROUND)
    assert isinstance(seen, Sighting)
    error_m = seen.fix.enu_m[:2] - [0.0, north_m]
    assert np.hypot(*error_m) < 1.5
    assert error_m @ np.linalg.inv(seen.fix.ellipse.covariance_m2) @ error_m < 5.991


@pytest.mark.parametrize("offence", [Offence.TRAFFIC_CONE, Offence.ILLEGAL_SIGNAGE, Offence.COOKING_FUMES])
def test_what_stands_is_put_at_its_foot(offence: Offence) -> None:
    """A thing 2 m high is located where it touches the ground."""
    at = pose(12.0, -25.0)
    post = np.array([[-0.5, 25.0, 0.0], [0.5, 25.0, 0.0], [-0.5, 25.0, 2.0], [0.5, 25.0, 2.0]])
    seen = sight(track(offence, box_round(at, post)), PROFILE, "look", lambda _at_s: at, GROUND)
    assert isinstance(seen, Sighting)
    assert seen.fix.enu_m[:2] == pytest.approx([0.0, 25.0], abs=0.1)


def test_boxes_cut_off_by_the_border_are_left_out() -> None:
    """Of a thing seen whole once and cut off twice, only the whole view counts."""
    at = pose(35.0, -60.0)
    whole = box_round(at, np.array([[3.0, 20.0, 0.0], [5.0, 20.0, 1.0]]))
    cut = (0.0, whole[1], 40.0, whole[3])
    seen = sight(track(Offence.TRAFFIC_CONE, cut, whole, cut), PROFILE, "look", lambda _at_s: at, GROUND)
    assert isinstance(seen, Sighting)
    assert seen.fix.enu_m[:2] == pytest.approx([4.0, 20.0], abs=0.1)


def test_a_look_that_errs_towards_the_lens_weighs_no_more() -> None:
    """Two flat looks from one place, ten pixels apart: equally sure where the thing is, so the middle is believed."""
    at, flown = pose(60.0, -20.0), replace(PROFILE, kind=SourceKind.DRONE)
    near, far = (700.0, 340.0, 720.0, 390.0), (700.0, 330.0, 720.0, 380.0)
    one, other, both = (
        sight(track(Offence.TRAFFIC_CONE, *boxes), flown, "look", lambda _at_s: at, GROUND)
        for boxes in ((near,), (far,), (near, far))
    )
    assert isinstance(one, Sighting)
    assert isinstance(other, Sighting)
    assert isinstance(both, Sighting)
    assert np.linalg.norm(one.fix.enu_m - other.fix.enu_m) > 4
    assert both.fix.enu_m[:2] == pytest.approx((one.fix.enu_m + other.fix.enu_m)[:2] / 2, abs=0.02)


def test_what_is_above_the_horizon_is_named() -> None:
    """A box in the sky has no place, and the drop says so."""
    at = pose(12.0, 0.0)
    seen = sight(track(Offence.DUST, (600.0, 100.0, 700.0, 150.0)), PROFILE, "look", lambda _at_s: at, GROUND)
    assert isinstance(seen, Drop)
    assert seen.reason is DropReason.ABOVE_HORIZON
