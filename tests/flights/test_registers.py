"""Who may release a flight, and who has the airspace."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from flights.airspace import FOLDER, airspace_claim, living_flight
from flights.errors import NotReleased
from flights.registers import Pilot, release
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest

if TYPE_CHECKING:
    from pathlib import Path

    from flights.survey_plan import SurveyPlan
    from geofences.camera import Camera
    from geofences.position import Geodetic
    from tests.flights.conftest import OutlineFrom

DAY, NIGHT = ((0.0, 100.0),), ((100.0, 200.0),)
PILOTS = (
    Pilot(name="night", licence="1", licence_until_s=1e6, duty=NIGHT),
    Pilot(name="lapsed", licence="2", licence_until_s=40.0, duty=DAY),
    Pilot(name="day", licence="3", licence_until_s=1e6, duty=DAY),
)


@pytest.mark.parametrize(
    ("at_s", "named", "by_itself", "who"),
    [
        (50.0, "day", False, "day"),
        (50.0, "night", False, None),
        (50.0, "lapsed", True, None),
        (50.0, "nobody known", True, None),
        (50.0, "", False, None),
        (50.0, "", True, "day"),
        (100.0, "", True, "night"),
        (200.0, "", True, None),
    ],
)
def test_only_a_licensed_pilot_on_duty_releases(at_s: float, named: str, *, by_itself: bool, who: str | None) -> None:
    """By hand, or by itself where that is allowed; the refusal says who is on duty."""
    if who is None:
        with pytest.raises(NotReleased, match="On duty: "):
            release(PILOTS, at_s=at_s, named=named, may_by_itself=by_itself)
        return
    given = release(PILOTS, at_s=at_s, named=named, may_by_itself=by_itself)
    assert (given.pilot.name, given.by_itself) == (who, not named)


def test_one_flight_per_volume(
    plan: SurveyPlan, camera: Camera, home: Geodetic, outline: OutlineFrom, tmp_path: Path
) -> None:
    """A second flight in the same air learns who is there; one elsewhere does not; ended claims are gone."""
    zone = outline((2020, 10), (2080, 10), (2080, 60), (2020, 60))
    away = plan_survey(
        SurveyRequest(
            zone_id="far",
            outline=zone,
            home=home.__class__(lat_deg=home.lat_deg, lon_deg=home.lon_deg + 0.021, alt_ellipsoid_m=15.0),
            height_agl_m=30.0,
            camera=camera,
        )
    )
    with airspace_claim(tmp_path, "A", plan) as first:
        assert first == ""
        with airspace_claim(tmp_path, "B", plan) as second, airspace_claim(tmp_path, "C", away) as third:
            assert (second, third) == ("A", "")
            assert living_flight(tmp_path, away.airspace) == "C"
        with airspace_claim(tmp_path, "A", plan) as again:
            assert again == ""
    with airspace_claim(tmp_path, "B", plan) as later:
        assert later == ""


def test_a_claim_of_a_dead_program_holds_until_its_aircraft_must_be_down(plan: SurveyPlan, tmp_path: Path) -> None:
    """Then it does not; one that cannot be read always does."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    claim = {"until_s": time.time() + 60, "outline": plan.airspace.wkt}
    for text, busy in ((json.dumps(claim), "A"), (json.dumps({**claim, "until_s": 0}), ""), ("{", "A")):
        (folder / "A.json").write_text(text, encoding="utf-8")
        with airspace_claim(tmp_path, "B", plan) as found:
            assert found == busy
            assert living_flight(tmp_path, plan.airspace) == "B"
        assert living_flight(tmp_path, plan.airspace) == ""
