"""Flights that were cut off, and taken up again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import shapely
from shapely import affinity

from flights.cut_off import cut_off
from flights.errors import PlanRefused
from flights.patrol import fly
from flights.plane import plane_point
from flights.recorder import FlightRecorder
from flights.simulator.faults import FaultName
from flights.simulator.in_process import InProcessAutopilot
from flights.sorties import BACKED_UP_M, passes_of, plan_sorties, resume
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from geofences.position import Geodetic
from tests.flights.fake_autopilot import START_UNIX_S, briefing_for

if TYPE_CHECKING:
    from pathlib import Path

    from flights.recorder import FlightRecord
    from flights.survey_plan import SurveyPlan
    from geofences.camera import Camera
    from tests.flights.conftest import OutlineFrom

SEPARATION_M = 9.0


@pytest.fixture(scope="module")
def wish(camera: Camera, home: Geodetic, outline: OutlineFrom) -> SurveyRequest:
    """A small zone beside home."""
    zone = outline((20, 10), (140, 10), (140, 90), (20, 90))
    return SurveyRequest(zone_id="z", outline=zone, home=home, height_agl_m=30.0, camera=camera)


def flown(plan: SurveyPlan, log: Path, faults: tuple[tuple[float, FaultName], ...] = ()) -> FlightRecord:
    """One flight on the simulator's clock."""
    home = (plan.home.lat_deg, plan.home.lon_deg, plan.home.alt_ellipsoid_m - SEPARATION_M)
    autopilot = InProcessAutopilot(home, start_utc_s=START_UNIX_S, seed=1, faults=faults)
    recorder = FlightRecorder(log, flight_id=log.stem)
    return fly(
        plan, autopilot, briefing=briefing_for(plan), recorder=recorder, geoid_separation_m=SEPARATION_M,
        clock=autopilot,
    )  # fmt: skip


def seen(wish: SurveyRequest, record: FlightRecord) -> shapely.Geometry:
    """The ground that pictures show, by where they were taken."""
    half_m, foot = wish.footprint.width_m / 2, wish.footprint
    frame = shapely.box(-half_m, foot.near_m, half_m, foot.far_m)
    pictures = []
    for shot in record.captures:
        at = plane_point(Geodetic(lat_deg=shot.lat_deg, lon_deg=shot.lon_deg, alt_ellipsoid_m=0.0), wish.frame)
        pictures.append(affinity.translate(affinity.rotate(frame, -shot.yaw_deg, origin=(0, 0)), *at))
    return shapely.union_all(pictures)


def test_two_flights_see_what_one_would_have_seen(wish: SurveyRequest, tmp_path: Path) -> None:
    """A battery ends the first on a strip; the second flies that strip's rest and the strips after it, no more."""
    (plan,) = plan_sorties(wish)
    whole = flown(plan, tmp_path / "whole.jsonl")
    shots = [shot.boot_s for shot in whole.captures]
    on_a_strip = min(range(10, 20), key=lambda i: shots[i + 2] - shots[i - 2])
    first = flown(plan, tmp_path / "first.jsonl", ((shots[on_a_strip], FaultName.BATTERY_LOW),))
    assert first.reason.startswith("battery")
    lines = first.path.read_text(encoding="utf-8").splitlines()
    cut = cut_off(plan, lines, geoid_separation_m=SEPARATION_M)
    assert cut.stopped is not None
    (rest,) = resume(wish, (plan,), cut)
    assert rest.warnings == ()
    assert len(passes_of(rest)) < len(passes_of(plan))
    back_m = math.dist(passes_of(rest)[0].start_m, plane_point(cut.stopped, wish.frame))
    assert back_m == pytest.approx(max(BACKED_UP_M, wish.trigger_m), abs=1.0)
    second = flown(rest, tmp_path / "second.jsonl")
    assert second.completed
    missed_m2 = [wish.zone_m.difference(each).area for each in (
        seen(wish, whole), seen(wish, first), seen(wish, first).union(seen(wish, second)))]  # fmt: skip
    assert missed_m2[1] > 0.2 * wish.zone_m.area
    assert missed_m2[2] <= missed_m2[0] + 0.002 * wish.zone_m.area
    done = cut_off(plan, whole.path.read_text(encoding="utf-8").splitlines(), geoid_separation_m=SEPARATION_M)
    with pytest.raises(PlanRefused, match="all were flown"):
        resume(wish, (plan,), done)


def test_a_log_says_how_far_a_flight_came(wish: SurveyRequest) -> None:
    """By mission items and the last picture since; a cut last line is passed over, plans that follow are kept."""
    plan = plan_survey(wish)
    shot = '{"kind":"capture","lat_deg":30.3196,"lon_deg":120.1392,"alt_amsl_m":36.0}'
    items = ['{"kind":"event","name":"item","text":"%d"}' % seq for seq in (4, 6)]  # noqa: UP031 - braces
    assert cut_off(plan, [], geoid_separation_m=0.0).passed == 1
    one = cut_off(plan, [items[0], shot, items[1], "{"], geoid_separation_m=0.0)
    assert (one.passed, one.stopped) == (2, None)
    two = cut_off(plan, [*items, shot], geoid_separation_m=0.0)
    assert two.stopped == Geodetic(lat_deg=30.3196, lon_deg=120.1392, alt_ellipsoid_m=36.0)
    (rest,) = resume(wish, (plan, plan), one)
    assert len(passes_of(rest)) == 2 * len(passes_of(plan))
