"""Places and outlines shared by the flights tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from shapely.geometry import Polygon

from flights.flight_monitors import Route
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from flights.survey_plan import SurveyPlan

HOME = Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0)

OutlineFrom = Callable[..., Polygon]


@pytest.fixture(scope="session")
def home() -> Geodetic:
    """The take-off point of all flights here."""
    return HOME


@pytest.fixture(scope="session")
def camera() -> Camera:
    """A lens of 73 degrees on a full HD sensor."""
    return Camera.from_fov(size_px=(1920, 1080), hfov_deg=73.0, name="test camera")


@pytest.fixture(scope="session")
def outline() -> OutlineFrom:
    """Makes (lon, lat) polygons of corners given in east, north metres of home."""
    frame = LocalFrame(origin=HOME)

    def from_metres(*corners: tuple[float, float]) -> Polygon:
        positions = (frame.geodetic_from_enu((x, y, 0.0)) for x, y in corners)  # type: ignore[arg-type]  # a plain row
        return Polygon([(p.lon_deg, p.lat_deg) for p in positions])

    return from_metres


@pytest.fixture(scope="session")
def plan(camera: Camera, home: Geodetic, outline: OutlineFrom) -> SurveyPlan:
    """A small survey beside home."""
    zone = outline((20, 10), (100, 10), (100, 70), (20, 70))
    return plan_survey(SurveyRequest(zone_id="z", outline=zone, home=home, height_agl_m=30.0, camera=camera))


@pytest.fixture(scope="session")
def route(plan: SurveyPlan) -> Route:
    """The same survey as monitors and state machine need it."""
    return Route(plan=plan)
