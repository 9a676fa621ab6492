"""Flights on several batteries."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import shapely

from flights.airframe import Airframe
from flights.coverage import ground_seen
from flights.errors import PlanRefused
from flights.plan_checks import validate_plan
from flights.sorties import BACKED_UP_M, Wind, passes_of, plan_sorties
from flights.survey import draft_survey
from flights.survey_request import SurveyRequest

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom

SMALL = Airframe(battery_wh=45.0)


@pytest.fixture(scope="module")
def request_(camera: Camera, home: Geodetic, outline: OutlineFrom) -> SurveyRequest:
    """A zone that takes about 42 Wh, on a battery that gives 34."""
    zone = outline((20, 20), (320, 20), (320, 260), (20, 260))
    return SurveyRequest(zone_id="z", outline=zone, home=home, height_agl_m=40.0, camera=camera, airframe=SMALL)


def test_no_sortie_takes_more_than_its_battery_gives(request_: SurveyRequest) -> None:
    """Two flights, each within the battery less its reserve, see together what one would have seen."""
    plans = plan_sorties(request_)
    assert len(plans) == 2
    assert all(plan.energy_wh <= SMALL.battery_wh - SMALL.reserve_wh for plan in plans)
    passes = [one for plan in plans for one in passes_of(plan)]
    seen = ground_seen(passes, request_.footprint, front_overlap=request_.front_overlap)
    assert request_.zone_m.difference(seen).area < 0.005 * request_.zone_m.area


def test_a_cut_strip_is_flown_again_from_a_little_before(request_: SurveyRequest) -> None:
    """The second flight starts on the line of the first one's last strip, ten metres before its end at least."""
    first, second = plan_sorties(request_)
    left, taken_up = passes_of(first)[-1], passes_of(second)[0]
    whole = max(one.length_m for one in passes_of(draft_survey(request_)))
    if left.length_m < whole - 1:
        assert math.dist(left.end_m, taken_up.start_m) == pytest.approx(max(BACKED_UP_M, request_.trigger_m), abs=0.1)
        line = shapely.LineString([left.start_m, taken_up.end_m])
        assert line.distance(shapely.Point(taken_up.start_m)) < 0.1


@pytest.mark.parametrize("off_wh", [-1e-3, -1e-4, -1e-5, -1e-6, 0.0, 1e-6, 1e-5, 1e-4])
def test_a_battery_that_is_enough_but_for_rounding_is_no_reason_to_refuse(
    request_: SurveyRequest, off_wh: float
) -> None:
    """What the planner fits into a battery, the judge finds to fit."""
    usable_wh = draft_survey(request_).energy_wh + off_wh
    airframe = replace(SMALL, battery_wh=usable_wh / (1 - SMALL.reserve_share))
    plans = plan_sorties(replace(request_, airframe=airframe))
    assert all(plan.energy_wh <= usable_wh for plan in plans)


def test_wind_against_the_way_home_shortens_the_sortie(request_: SurveyRequest) -> None:
    """A strong wind from home leaves less energy for strips; it never lengthens a flight."""
    calm = plan_sorties(request_)[0]
    windy = plan_sorties(request_, wind=Wind(speed_m_s=11.0, from_deg=225.0))[0]
    assert windy.energy_wh < calm.energy_wh


def test_a_battery_that_reaches_no_strip_is_refused(request_: SurveyRequest) -> None:
    """Named with what the strip needs."""
    tiny = SurveyRequest(
        zone_id="z", outline=request_.outline, home=request_.home, height_agl_m=40.0, camera=request_.camera,
        airframe=Airframe(battery_wh=12.0),
    )  # fmt: skip
    with pytest.raises(PlanRefused, match="its next strip alone needs"):
        plan_sorties(tiny)


def test_energy_short_by_one_percent_is_refused(request_: SurveyRequest) -> None:
    """The exact need passes; one percent less does not."""
    plan = draft_survey(request_)
    enough = plan.energy_wh / (1 - SMALL.reserve_share)
    validate_plan(plan, airframe=Airframe(battery_wh=enough * 1.0001))
    with pytest.raises(PlanRefused, match="above its reserve"):
        validate_plan(plan, airframe=Airframe(battery_wh=enough * 0.99))
