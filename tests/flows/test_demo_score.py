"""The demonstration's judge is strict: each way of being wrong is a fault, and only a right outcome has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flows.demo_score import score_demo
from geofences.ellipse import ErrorEllipse
from geofences.ground_fix import GroundFix
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.domain.case import Case, CaseState, Grade, SealedFinding
from pipeline.domain.finding import Drop, DropReason, Explanation
from pipeline.domain.frame import SourceKind
from pipeline.domain.offence import Offence
from pipeline.scene.truth import Planted

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0))


def at(east_m: float) -> Geodetic:
    """A place so far east of the origin."""
    return FRAME.geodetic_from_enu(np.array([east_m, 0.0, 0.0]))


def planted(truth_id: str, east_m: float, *, lawful: bool = False) -> Planted:
    """A planted cone."""
    return Planted(
        truth_id=truth_id,
        class_name="traffic_cone",
        lawful=lawful,
        expected_reason="permit_valid" if lawful else "",
        position=at(east_m),
        radius_m=1.0,
        parts=(at(east_m),),
    )


def case(case_id: str, east_m: float) -> Case:
    """A draft of a cone."""
    ellipse = ErrorEllipse(semi_major_m=1.0, semi_minor_m=1.0, bearing_deg=0.0)
    fix = GroundFix(position=at(east_m), enu_m=np.array([east_m, 0.0, 0.0]), ellipse=ellipse, budget=(("yaw", 1.0),))
    why = Explanation(
        rule_id="r",
        rule_version=1,
        statute="§",
        event_code="",
        zone_id="z",
        zone_name="Z",
        hits=5,
        frames_covered=5,
        dwell_s=1.0,
        best_score=0.9,
    )
    finding = SealedFinding(
        finding_id=case_id,
        look_id="l",
        source_id="uav-01",
        source_kind=SourceKind.DRONE,
        offence=Offence.TRAFFIC_CONE,
        first_s=0.0,
        last_s=1.0,
        fix=fix,
        why=why,
        merge_distance_m=5.0,
        merge_window_s=60.0,
        manifest_sha256="0" * 64,
        items=(),
    )
    return Case(
        case_id=case_id,
        offence=Offence.TRAFFIC_CONE,
        state=CaseState.DRAFT,
        grade=Grade.LEAD,
        fix=fix,
        findings=(finding,),
        events=(),
    )


OFFENCE, ALIKE = planted("cones", 0.0), planted("permitted", 50.0, lawful=True)
RIGHT = ([case("C1", 0.5)], {"C1": 1})
WRONG = {
    "not found": ([], {}),
    "found twice": ([case("C1", 0.5), case("C2", -0.5)], {"C1": 1, "C2": 1}),
    "not delivered": ([case("C1", 0.5)], {}),
    "delivered twice": ([case("C1", 0.5)], {"C1": 2}),
    "a look-alike": ([case("C1", 0.5), case("C2", 50.0)], {"C1": 1}),
    "a stray": ([case("C1", 0.5), case("C2", 25.0)], {"C1": 1}),
    "too far off": ([case("C1", 2.5)], {"C1": 1}),
}


def test_a_right_outcome_has_no_fault() -> None:
    """One draft per offence, delivered once, in its place: nothing to say, and the drop's reason is shown."""
    place = at(50.3)
    drop = Drop(
        track_id=1,
        offence=Offence.TRAFFIC_CONE,
        reason=DropReason.PERMIT_VALID,
        detail="",
        at_s=0.0,
        lat_deg=place.lat_deg,
        lon_deg=place.lon_deg,
        score=0.9,
    )
    far = replace(drop, reason=DropReason.OUTSIDE_ZONE, lat_deg=at(80.0).lat_deg, lon_deg=at(80.0).lon_deg)
    score = score_demo([OFFENCE, ALIKE], RIGHT[0], [drop, far], RIGHT[1])
    assert score.faults() == ()
    assert score.median_error_m == pytest.approx(0.5, abs=0.01)
    assert score.look_alikes[0].reasons == ("permit_valid",)


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_outcome_is_a_fault(name: str) -> None:
    """Missing, doubled, undelivered, delivered twice, a look-alike, a stray, too far off: none passes."""
    cases, delivered = WRONG[name]
    assert score_demo([OFFENCE, ALIKE], cases, [], delivered).faults()
