"""A look examined end to end on a known world: what is flagged is where it is, what is not is named."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from detectors.tracker import ByteTracker
from geofences.zone import Zone, ZoneKind
from geofences.zone_index import ZoneIndex
from pipeline.domain.finding import DropReason
from pipeline.domain.frame import SourceKind
from pipeline.domain.offence import Offence
from pipeline.domain.rule import Persistence, Rule
from pipeline.errors import BadInput
from pipeline.evidence.vault import FolderVault
from pipeline.evidence.verify import verify_manifest
from pipeline.run.examine import Examiner

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FRAME, GROUND, GroundTruthEngine, MemorySource, Thing, flying_pose, profile

CONE, SIGN = 1, 2


def rules() -> tuple[Rule, ...]:
    """One rule for cones on roads."""
    return (
        Rule(
            rule_id="cone",
            version=1,
            offence=Offence.TRAFFIC_CONE,
            zone_kinds=frozenset({ZoneKind.ROAD}),
            fixed=Persistence(min_hits=5, min_share=0.5, min_dwell_s=5.0),
            drone=Persistence(min_hits=3, min_share=0.4, min_dwell_s=0.0),
            stills=Persistence(min_hits=3, min_share=0.4, min_dwell_s=0.0),
            merge_distance_m=4.0,
            merge_window_s=3600.0,
            statute="§ 1",
            event_code="01-96",
        ),
    )


def road(half_m: float = 60.0) -> Zone:
    """A square road about the origin."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float64) * [half_m, half_m, 0]
    return Zone(
        zone_id="road",
        name="Road",
        kind=ZoneKind.ROAD,
        outline=shapely.Polygon(FRAME.geodetics_from_enu(corners)[:, [1, 0]]),
    )


def examiner(source: MemorySource, things: tuple[Thing, ...], vault: FolderVault, *zones: Zone) -> Examiner:
    """An examiner over that world."""
    return Examiner(
        engine=GroundTruthEngine(source=source, things=things),
        new_tracker=ByteTracker,
        ground=GROUND,
        index=ZoneIndex(zones, ()),
        rules=rules(),
        vault=vault,
        software="test 1",
    )


def test_a_row_of_cones_is_one_finding_in_its_place(tmp_path: Path) -> None:
    """Three cones a metre apart are three sightings, one finding, at the middle, with intact evidence."""
    source, vault = MemorySource(profile=profile()), FolderVault(tmp_path)
    things = tuple(Thing(class_id=CONE, enu_m=(east_m, 18.0), size_m=0.6) for east_m in (-1.5, 0.0, 1.5))
    report = examiner(source, things, vault, road()).examine(source)
    (finding,) = report.findings
    assert report.drops == ()
    assert finding.offence is Offence.TRAFFIC_CONE
    assert finding.fix.enu_m[:2] == pytest.approx([0.0, 18.0], abs=0.3)
    assert verify_manifest(vault, finding.manifest_sha256) == []
    assert (finding.why.zone_id, finding.why.rule_id) == ("road", "cone")


def test_a_moving_drone_follows_what_stands_still(tmp_path: Path) -> None:
    """From the air at 2 looks a second, two cones 15 m apart become two findings at their places."""
    source = MemorySource(profile=profile(SourceKind.DRONE), pose=flying_pose, look_hz=2.0, count=38)
    places = ((-6.0, 10.0), (9.0, 12.0))
    things = tuple(Thing(class_id=CONE, enu_m=place, size_m=0.6) for place in places)
    report = examiner(source, things, FolderVault(tmp_path), road()).examine(source)
    found = sorted(tuple(finding.fix.enu_m[:2]) for finding in report.findings)
    assert np.array(found) == pytest.approx(np.array(sorted(places)), abs=0.3)
    assert all(finding.fix.ellipse.semi_major_m < 2.0 for finding in report.findings)


DROPPED = {
    "too brief": (Thing(class_id=CONE, enu_m=(0, 18), until_s=3.0), {}, DropReason.TOO_FEW_HITS),
    "no rule": (Thing(class_id=SIGN, enu_m=(0, 18)), {}, DropReason.NO_RULE),
    "outside": (Thing(class_id=CONE, enu_m=(0, 18)), {"half_m": 5.0}, DropReason.OUTSIDE_ZONE),
    "undecided": (Thing(class_id=CONE, enu_m=(0, 18)), {"half_m": 18.0}, DropReason.POSITION_UNDECIDED),
}


@pytest.mark.parametrize("name", DROPPED)
def test_every_track_left_alone_is_named(tmp_path: Path, name: str) -> None:
    """What is not flagged becomes exactly one drop with its reason, and nothing is sealed."""
    thing, zone, reason = DROPPED[name]
    source = MemorySource(profile=profile())
    report = examiner(source, (thing,), FolderVault(tmp_path), road(**zone)).examine(source)
    assert report.findings == ()
    assert [drop.reason for drop in report.drops] == [reason]


def test_a_camera_nobody_located_drops_its_tracks(tmp_path: Path) -> None:
    """Without telemetry or mounting every track ends as `no_pose`, never as a guess."""
    source = MemorySource(profile=profile(located=False))
    report = examiner(source, (Thing(class_id=CONE, enu_m=(0, 18)),), FolderVault(tmp_path), road()).examine(source)
    assert [drop.reason for drop in report.drops] == [DropReason.NO_POSE]


def test_the_same_look_gives_the_same_findings(tmp_path: Path) -> None:
    """Examined twice, a look gives the same ids and hashes: a repeat after a crash finds its own evidence."""
    source, vault = MemorySource(profile=profile()), FolderVault(tmp_path)
    things = (Thing(class_id=CONE, enu_m=(0.0, 18.0)),)
    first, second = (examiner(source, things, vault, road()).examine(source) for _ in range(2))
    assert [f.finding_id for f in first.findings] == [f.finding_id for f in second.findings]
    assert [f.manifest_sha256 for f in first.findings] == [f.manifest_sha256 for f in second.findings]


def test_a_look_without_pictures_is_refused(tmp_path: Path) -> None:
    """Nothing to look at is bad input, not an empty report."""
    source = MemorySource(profile=profile(), count=0)
    with pytest.raises(BadInput, match="no picture"):
        examiner(source, (), FolderVault(tmp_path), road()).examine(source)
