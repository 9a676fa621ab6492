"""Plans: that they cover, that they stay where they may be, and that they are refused when they cannot."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from flights.airframe import Airframe
from flights.errors import PlanRefused
from flights.plane import plane_from_map
from flights.sorties import plan_sorties
from flights.survey import plan_survey
from flights.survey_plan import SurveyPlan, WaypointKind
from flights.survey_request import SurveyRequest

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom

SQUARE = ((-20.0, 20.0), (180.0, 20.0), (180.0, 140.0), (-20.0, 140.0))
L_SHAPE = (
    (-150.0, -100.0), (150.0, -100.0), (150.0, 120.0), (40.0, 120.0),
    (40.0, 0.0), (-20.0, 0.0), (-20.0, 150.0), (-150.0, 150.0),
)  # fmt: skip


def flown_lines(plan: SurveyPlan) -> list[LineString]:
    """Every leg in (lon, lat), as a check that shares no code with the planner."""
    points = [(w.position.lon_deg, w.position.lat_deg) for w in plan.waypoints]
    return [LineString(pair) for pair in pairwise(points)]


@pytest.mark.parametrize("pitch_deg", [-90.0, -60.0])
@pytest.mark.parametrize("corners", [SQUARE, L_SHAPE])
def test_a_zone_is_covered_whole(
    corners: tuple[tuple[float, float], ...], pitch_deg: float, camera: Camera, home: Geodetic, outline: OutlineFrom
) -> None:
    """Nadir or oblique, convex or not, at least 99.5 % of the zone is seen when the airspace leaves room."""
    plan = plan_survey(
        SurveyRequest(
            zone_id="z",
            outline=outline(*corners),
            home=home,
            height_agl_m=40.0,
            camera=camera,
            gimbal_pitch_deg=pitch_deg,
        )
    )
    assert plan.coverage_share > 0.995
    assert plan.warnings == ()
    assert plan.waypoints[0].kind is WaypointKind.TAKEOFF
    assert plan.waypoints[-1].kind is WaypointKind.RETURN


def test_the_trigger_is_on_on_strips_only(camera: Camera, home: Geodetic, outline: OutlineFrom) -> None:
    """Every strip start switches the trigger on and every other waypoint has it off."""
    plan = plan_survey(
        SurveyRequest(zone_id="z", outline=outline(*L_SHAPE), home=home, height_agl_m=40.0, camera=camera)
    )
    for waypoint in plan.waypoints:
        assert (waypoint.trigger_m > 0) == (waypoint.kind is WaypointKind.STRIP_START)
    kinds = [w.kind for w in plan.waypoints if w.strip is not None]
    assert kinds == [WaypointKind.STRIP_START, WaypointKind.STRIP_END] * (len(kinds) // 2)


def test_a_no_fly_area_is_flown_round(camera: Camera, home: Geodetic, outline: OutlineFrom) -> None:
    """No leg comes nearer to a no-fly area than the inset; straight ways home that are not clear are named."""
    houses = outline((60, 60), (100, 60), (100, 90), (60, 90))
    plan = plan_survey(
        SurveyRequest(
            zone_id="z", outline=outline(*SQUARE), no_fly=(houses,), home=home, height_agl_m=40.0, camera=camera
        )
    )
    nearest_m = min(line.distance(houses) for line in flown_lines(plan)) * 96_000
    assert nearest_m > 4.3  # 5 m, along the axis that a degree of longitude understates
    assert "straight way home" in plan.warnings[0]


def test_the_number_of_images_follows_from_strips_and_overlap(
    camera: Camera, home: Geodetic, outline: OutlineFrom
) -> None:
    """Twice the front overlap distance needs about half the pictures."""
    few, many = (
        plan_survey(
            SurveyRequest(
                zone_id="z", outline=outline(*SQUARE), home=home, height_agl_m=40.0, camera=camera, front_overlap=o
            )
        )
        for o in (0.6, 0.8)
    )
    assert many.trigger_m == pytest.approx(few.trigger_m / 2)
    assert few.images < many.images <= 2 * few.images


REFUSALS = {
    "too high": ({"height_agl_m": 121.0}, "transit 1|strip 1", "allowed 10 to 120"),
    "too low": ({"height_agl_m": 5.0}, "transit 1|strip 1", "allowed 10 to 120"),
    "unknown ground": ({"terrain": lambda lat, _lon: 15.0 if lat < 30.3203 else math.nan}, "the whole", "not known"),
    "two corners": (
        {"outline": Polygon([(120.139, 30.3195), (120.14, 30.3195), (120.139, 30.3195)])},
        "the zone",
        "no g",
    ),
    "overflown crowd": ({"crowds": (shapely.box(120.1388, 30.3194, 120.1392, 30.3196),)}, "take-off", "home is not"),
    "battery": ({"airframe": Airframe(battery_wh=10.0)}, "the whole flight", "needs .* Wh"),
    "speed": ({"speed_m_s": 40.0}, "all strips", "speed"),
    "overlap": ({"side_overlap": 1.0}, "all strips", "side overlap"),
    "flat lens": ({"gimbal_pitch_deg": -5.0}, "all strips", "gimbal pitch"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_may_not_be_flown_is_refused(case: str, camera: Camera, home: Geodetic, outline: OutlineFrom) -> None:
    """Each fault is named with its leg."""
    changed, leg, fault = REFUSALS[case]
    settings_: dict[str, object] = {"height_agl_m": 40.0, **changed}
    with pytest.raises(PlanRefused, match=fault) as refused:
        plan_survey(
            SurveyRequest(**{"zone_id": "z", "outline": outline(*SQUARE), "home": home, "camera": camera, **settings_})
        )  # type: ignore[arg-type]  # a table of keywords
    assert any(refused.value.leg.startswith(name) for name in leg.split("|"))
    assert refused.value.remedy


def test_a_home_outside_the_airspace_is_refused(camera: Camera, home: Geodetic, outline: OutlineFrom) -> None:
    """Take-off must lie inside the fence."""
    with pytest.raises(PlanRefused, match="home is not at least"):
        plan_survey(
            SurveyRequest(
                zone_id="z",
                outline=outline(*SQUARE),
                airspace=outline(*SQUARE),
                home=home,
                height_agl_m=40.0,
                camera=camera,
            )
        )


def pictures(plan: SurveyPlan, camera: Camera, height_m: float) -> list[Polygon]:
    """The ground of every picture taken straight down, east, north metres; shares no code with the planner."""
    width_m, depth_m = (pixels * height_m / camera.focal_px for pixels in camera.size_px)
    rows = [(w.position.lat_deg, w.position.lon_deg, plan.home.alt_ellipsoid_m) for w in plan.waypoints]
    points = plan.frame.enu_from_geodetics(np.array(rows))[:, :2]
    shown = []
    for (start, end), waypoint in zip(pairwise(points), plan.waypoints, strict=False):
        if waypoint.trigger_m:
            length_m = float(np.linalg.norm(end - start))
            along = (end - start) / length_m
            ahead, aside = along * depth_m / 2, np.array([-along[1], along[0]]) * width_m / 2
            for at_m in np.arange(0.0, length_m, waypoint.trigger_m):
                at = start + at_m * along
                shown.append(Polygon([at - ahead - aside, at + ahead - aside, at + ahead + aside, at - ahead + aside]))
    return shown


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    radii=st.lists(st.floats(30.0, 120.0), min_size=4, max_size=8),
    house=st.tuples(st.floats(-80.0, 80.0), st.floats(-80.0, 80.0), st.floats(5.0, 25.0)),
    pitch_deg=st.sampled_from([-90.0, -90.0, -90.0, -60.0]),
)
def test_every_sortie_over_any_area_stays_inside_sees_it_and_comes_home(
    radii: list[float],
    house: tuple[float, float, float],
    pitch_deg: float,
    camera: Camera,
    home: Geodetic,
    outline: OutlineFrom,
) -> None:
    """Over concave areas with a house no leg leaves, the pictures show 99 %, and each battery is enough."""
    turns = [math.tau * i / len(radii) for i in range(len(radii))]
    fence = outline(*[(r * math.cos(t), r * math.sin(t)) for r, t in zip(radii, turns, strict=True)])
    x, y, half = house
    assume(max(abs(x), abs(y)) > half + 8)
    closed = outline((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))
    wish = SurveyRequest(
        zone_id="z", outline=fence, no_fly=(closed,), airspace=fence, home=home, height_agl_m=75.0, camera=camera,
        gimbal_pitch_deg=pitch_deg, airframe=Airframe(battery_wh=35.0),
    )  # fmt: skip
    try:
        plans = plan_sorties(wish)
    except PlanRefused:
        # A fence too narrow for its inset at home, or a lens whose strips all begin beyond it.
        at_home = plane_from_map(fence, wish.frame).exterior.distance(shapely.Point(0, 0))
        assert at_home < 10 or pitch_deg > -90
        return
    grown = plans[0].airspace.buffer(1e-7)
    for plan in plans:
        assert plan.energy_wh <= 35.0 * 0.75
        for line in flown_lines(plan):
            assert shapely.covers(grown, line)
            assert not shapely.intersects(closed, line)
    if pitch_deg == -90.0:
        seen = shapely.union_all([shown for plan in plans for shown in pictures(plan, camera, 75.0)])
        inset = plane_from_map(fence, wish.frame).buffer(-5.0, join_style="mitre")
        inset = inset.difference(plane_from_map(closed, wish.frame).buffer(5.0, join_style="mitre"))
        reached = next(part for part in shapely.get_parts(inset) if part.covers(shapely.Point(0, 0)))
        assert seen.intersection(reached).area >= 0.99 * reached.area
