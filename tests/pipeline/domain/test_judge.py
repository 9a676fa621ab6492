"""The judgement names one reason for every sighting it leaves alone, and explains every one it flags."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import shapely

from geofences.ellipse import ErrorEllipse
from geofences.ground_fix import GroundFix
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from geofences.zone import Permit, Schedule, Window, Zone, ZoneKind
from geofences.zone_index import ZoneIndex
from pipeline.domain.finding import DropReason
from pipeline.domain.frame import SourceKind
from pipeline.domain.judge import Flagged, Refused, judge_sighting
from pipeline.domain.offence import Offence
from pipeline.domain.rule import Persistence, Rule
from pipeline.domain.sighting import Sighting
from pipeline.domain.track import Observation, Track

FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0))
T0_S = dt.datetime(2026, 11, 2, 2, tzinfo=dt.UTC).timestamp()
DAY_S = 86400.0
NIGHT = Schedule(
    windows=(Window(weekdays=frozenset(range(7)), from_time=dt.time(18), until_time=dt.time(23)),),
    timezone="Asia/Shanghai",
)
RULE = Rule(
    rule_id="cone-occupies-road",
    version=3,
    offence=Offence.TRAFFIC_CONE,
    zone_kinds=frozenset({ZoneKind.ROAD}),
    fixed=Persistence(min_hits=3, min_share=0.5, min_dwell_s=10.0, min_peak_score=0.3),
    drone=Persistence(min_hits=2, min_share=0.5, min_dwell_s=0.0),
    stills=Persistence(min_hits=2, min_share=0.5, min_dwell_s=0.0),
    merge_distance_m=5.0,
    merge_window_s=DAY_S,
    statute="§",
    event_code="01-96",
    valid_from_s=T0_S - DAY_S,
)


def square(east_m: float, half_m: float) -> shapely.Polygon:
    """A square about (east_m, 0), in lon, lat."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64) * half_m + [east_m, 0.0]
    geodetics = FRAME.geodetics_from_enu(np.hstack((corners, np.zeros((4, 1)))))
    return shapely.Polygon(geodetics[:, [1, 0]])


def zone(kind: ZoneKind, east_m: float, half_m: float, schedule: Schedule | None = None) -> Zone:
    """A square zone."""
    return Zone(zone_id=f"z{east_m:.0f}", name="Z", kind=kind, outline=square(east_m, half_m), schedule=schedule)


def permit(east_m: float, half_m: float, *, allows: str = "traffic_cone", from_s: float = T0_S - DAY_S) -> Permit:
    """A square permit, a month long."""
    return Permit(
        permit_id="p",
        number="P-1",
        allows=allows,
        outline=square(east_m, half_m),
        valid_from_s=from_s,
        valid_until_s=from_s + 30 * DAY_S,
        holder="H",
    )


def sighting(
    *,
    radius_m: float = 1.0,
    hits: int = 5,
    covered: int = 5,
    step_s: float = 5.0,
    at_s: float = T0_S,
    offence: Offence = Offence.TRAFFIC_CONE,
    score: float = 0.8,
    kind: SourceKind = SourceKind.CITY_EYE,
) -> Sighting:
    """A sighting at the frame's origin."""
    seen = tuple(
        Observation(frame_id=i, pts_s=i * step_s, at_s=at_s + i * step_s, xyxy_px=(0, 0, 9, 9), score=score)
        for i in range(hits)
    )
    ellipse = ErrorEllipse(semi_major_m=radius_m, semi_minor_m=radius_m, bearing_deg=0.0)
    fix = GroundFix(position=FRAME.origin, enu_m=np.zeros(3), ellipse=ellipse, budget=(("yaw", 1.0),))
    track = Track(track_id=1, offence=offence, observations=seen, frames_covered=covered)
    return Sighting(track=track, source_id="eye", source_kind=kind, fix=fix)


ROAD = zone(ZoneKind.ROAD, 0, 20)
CASES = {
    "no rule for the class": (sighting(offence=Offence.DUST), [ROAD], [], DropReason.NO_RULE),
    "no rule on that day": (sighting(at_s=T0_S - 9 * DAY_S), [ROAD], [], DropReason.NO_RULE),
    "too few hits": (sighting(hits=2), [ROAD], [], DropReason.TOO_FEW_HITS),
    "too patchy": (sighting(hits=5, covered=20), [ROAD], [], DropReason.TOO_FEW_HITS),
    "never sure": (sighting(score=0.29), [ROAD], [], DropReason.NEVER_SURE),
    "too brief": (sighting(step_s=1.0), [ROAD], [], DropReason.TOO_BRIEF),
    "no zone": (sighting(), [], [], DropReason.OUTSIDE_ZONE),
    "zone of another kind": (sighting(), [zone(ZoneKind.PATROL, 0, 20)], [], DropReason.OUTSIDE_ZONE),
    "zone elsewhere": (sighting(), [zone(ZoneKind.ROAD, 40, 10)], [], DropReason.OUTSIDE_ZONE),
    "zone's border within the error": (sighting(), [zone(ZoneKind.ROAD, 10, 10)], [], DropReason.POSITION_UNDECIDED),
    "zone not in force": (sighting(), [zone(ZoneKind.ROAD, 0, 20, NIGHT)], [], DropReason.OUTSIDE_SCHEDULE),
    "privacy": (sighting(), [ROAD, zone(ZoneKind.PRIVACY, 3, 2.5)], [], DropReason.PRIVACY_ZONE),
    "permit": (sighting(), [ROAD], [permit(0, 5)], DropReason.PERMIT_VALID),
    "one permit decides, another cannot": (sighting(), [ROAD], [permit(5, 5), permit(0, 5)], DropReason.PERMIT_VALID),
    "permit's border within the error": (sighting(), [ROAD], [permit(5, 5)], DropReason.POSITION_UNDECIDED),
}


@pytest.mark.parametrize("name", CASES)
def test_each_reason_is_named(name: str) -> None:
    """Every way to be left alone gives its own reason and a detail."""
    seen, zones, permits, reason = CASES[name]
    verdict = judge_sighting(seen, [RULE], ZoneIndex(tuple(zones), tuple(permits)))
    assert isinstance(verdict, Refused)
    assert verdict.reason is reason
    assert verdict.detail


@pytest.mark.parametrize(
    ("permits", "considered"),
    [
        ([], ()),
        ([permit(15, 5)], (("p", "elsewhere"),)),
        ([permit(0, 5, from_s=T0_S - 99 * DAY_S)], (("p", "not_valid_then"),)),
        ([permit(0, 5, allows="dust")], ()),
    ],
)
def test_flagged_and_explained(permits: list[Permit], considered: tuple[tuple[str, str], ...]) -> None:
    """What is inside, long enough and without a fitting permit is flagged, with the permits looked at."""
    verdict = judge_sighting(sighting(), [RULE], ZoneIndex((ROAD,), tuple(permits)))
    assert isinstance(verdict, Flagged)
    assert (verdict.why.zone_id, verdict.why.hits, verdict.why.dwell_s) == (ROAD.zone_id, 5, 20.0)
    assert tuple((each.permit_id, each.why_not) for each in verdict.why.permits) == considered


@pytest.mark.parametrize(("east_m", "cell"), [(0, "z0"), (19, "")])
def test_the_grid_cell_is_named_where_it_is_sure(east_m: float, cell: str) -> None:
    """What is flagged says which grid cell it lies in; at the cell's border it says none."""
    verdict = judge_sighting(sighting(), [RULE], ZoneIndex((ROAD, zone(ZoneKind.GRID_CELL, east_m, 20)), ()))
    assert isinstance(verdict, Flagged)
    assert verdict.why.grid_cell_id == cell


def test_two_zones_side_by_side_are_one_area() -> None:
    """A thing on the seam of two zones of the asked kind lies in both together, so it is decided."""
    seam = (zone(ZoneKind.ROAD, -10, 10), zone(ZoneKind.ROAD, 10, 10))
    assert isinstance(judge_sighting(sighting(), [RULE], ZoneIndex(seam, ())), Flagged)


def test_a_drone_pass_need_not_dwell() -> None:
    """Two hits a second apart are enough from the air, not from a pole."""
    index = ZoneIndex((ROAD,), ())
    brief = {"hits": 2, "covered": 2, "step_s": 1.0}
    assert isinstance(judge_sighting(sighting(kind=SourceKind.DRONE, **brief), [RULE], index), Flagged)
    assert isinstance(judge_sighting(sighting(kind=SourceKind.CITY_EYE, **brief), [RULE], index), Refused)


def test_more_error_never_turns_a_flag_into_another_zone_verdict() -> None:
    """As the error grows a flagged thing can only become undecided."""
    index = ZoneIndex((ROAD,), ())
    verdicts = [judge_sighting(sighting(radius_m=r), [RULE], index) for r in (0.5, 5.0, 19.0, 21.0, 80.0)]
    assert [isinstance(v, Flagged) for v in verdicts] == [True, True, True, False, False]
    assert all(v.reason is DropReason.POSITION_UNDECIDED for v in verdicts if isinstance(v, Refused))
