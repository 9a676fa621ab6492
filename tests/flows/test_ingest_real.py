"""Real clips and photographs through the whole chain: draft cases, or a named reason for every track left alone.

Mountings and zones of the fixed clips are invented: nobody knows where those cameras stood. They are put so that all
that the camera sees lies on the ground of the site and in zones of every kind.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from flows.assembly import make_examiner, open_store, open_vault
from flows.cli import main
from flows.ingest import clip_source
from flows.site_folder import init_site
from flows.stills import stills_source
from geofences.verdict import Containment, judge_containment
from pipeline.domain.finding import DropReason
from pipeline.domain.judge import Flagged, judge_sighting
from pipeline.domain.manifest import EvidenceRole
from pipeline.evidence.verify import verify_manifest
from pipeline.geotag.sight import sight
from pipeline.run.follow import follow
from pipeline.site import read_site
from pipeline.sources.camera_file import CameraEntry, Lens, Mounting

if TYPE_CHECKING:
    from detectors.detections import Detections, Engine, ModelIdentity
    from numpy.typing import NDArray

    from pipeline.domain.look import LookReport
    from pipeline.ports import FrameSource
    from pipeline.run.examine import Examiner
    from pipeline.site import Site

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CLIPS = SHARED / "clips"
BEACH = SHARED / "geo" / "brighton_beach"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not CLIPS.is_dir(), reason="needs ../shared/data")]

# The photographs' EXIF: 20 mm on 35 mm film, that is 20/36 of the picture's width.
BEACH_FOCAL_SHARE = 20 / 36
BEACH_LAT_DEG, BEACH_LON_DEG, BEACH_GROUND_AMSL_M = 46.8427, -91.9943, 163.0
CITY_LAT_DEG, CITY_LON_DEG = 30.3195, 120.1390


def make_site(folder: Path, *, lat_deg: float, lon_deg: float, ground_amsl_m: float, timezone: str) -> Site:
    """A site of four zones, one of each kind that rules ask for, 600 m wide about its middle."""
    init_site(folder)
    text = (folder / "site.toml").read_text()
    for before, after in (
        ("origin_lat_deg = 30.3195", f"origin_lat_deg = {lat_deg}"),
        ("origin_lon_deg = 120.1390", f"origin_lon_deg = {lon_deg}"),
        ("ground_alt_amsl_m = 6.0", f"ground_alt_amsl_m = {ground_amsl_m}"),
        ("Asia/Shanghai", timezone),
    ):
        assert before in text
        text = text.replace(before, after)
    (folder / "site.toml").write_text(text + "\n[model]\nlong_side_px = 640\nthreads = 2\n")
    e, n = 0.004, 0.003
    ring = [[lon_deg + x * e, lat_deg + y * n] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]
    kinds = ("road", "construction_site", "signage_control", "catering_control")
    features = [
        {
            "type": "Feature",
            "properties": {"zone_id": kind, "name": kind, "kind": kind},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for kind in kinds
    ]
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return read_site(folder)


def beach_camera(width_px: int, height_px: int) -> CameraEntry:
    """The aircraft's lens by its photographs' EXIF."""
    lens = Lens(width_px=width_px, height_px=height_px, focal_px=BEACH_FOCAL_SHARE * width_px)
    return CameraEntry(id="FC300S", name="FC300S, 20 mm on 35 mm film", kind="drone", lens=lens, look_hz=1.0)


def pole_camera(clip: str, width_px: int, height_px: int) -> CameraEntry:
    """A fixed camera on an invented pole: 12 m high, so steep that the whole picture is ground."""
    mounting = Mounting(
        lat_deg=CITY_LAT_DEG, lon_deg=CITY_LON_DEG, alt_ellipsoid_m=6.0 + 9.0 + 12.0, yaw_deg=30.0, pitch_deg=-35.0
    )
    lens = Lens(width_px=width_px, height_px=height_px, hfov_deg=50.0)
    return CameraEntry(
        id=clip.split(".")[0], name="invented mounting", kind="city_eye", lens=lens, mounting=mounting, look_hz=2.0
    )


@dataclass(slots=True)
class Remembered:
    """A detector that looks once and answers the same when the same look is followed again."""

    engine: Engine
    seen: list[Detections] = field(default_factory=list)
    replayed: int | None = None

    @property
    def model(self) -> ModelIdentity:
        """The engine's."""
        return self.engine.model

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Look, or remember."""
        if self.replayed is None:
            self.seen.append(self.engine.detect(image_bgr))
            return self.seen[-1]
        self.replayed += 1
        return self.seen[self.replayed - 1]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site about the invented pole."""
    folder = tmp_path_factory.mktemp("city") / "site"
    return make_site(folder, lat_deg=CITY_LAT_DEG, lon_deg=CITY_LON_DEG, ground_amsl_m=6.0, timezone="Asia/Shanghai")


@pytest.fixture(scope="module")
def beach(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site about the Brighton survey."""
    folder = tmp_path_factory.mktemp("beach") / "site"
    return make_site(
        folder,
        lat_deg=BEACH_LAT_DEG,
        lon_deg=BEACH_LON_DEG,
        ground_amsl_m=BEACH_GROUND_AMSL_M,
        timezone="America/Chicago",
    )


@pytest.fixture(scope="module")
def examiner(city: Site) -> Examiner:
    """The city's examiner; one engine for all looks."""
    return make_examiner(city)


def examine(examiner: Examiner, source: FrameSource) -> tuple[LookReport, int]:
    """Examine a look and check its account: every track is a flagged member or one named drop, evidence holds.

    Returns:
        the report, and how many tracks there were.
    """
    engine = Remembered(examiner.engine)
    examiner = replace(examiner, engine=engine)
    report = examiner.examine(source)
    engine.replayed = 0
    tracker = examiner.new_tracker(source.look_hz)
    tracks = follow(source, engine, tracker, examiner.ground, lambda _pts_s: None).tracks
    flagged = []
    for track in tracks:
        seen = sight(track, source.profile, source.pose_at, examiner.ground)
        if hasattr(seen, "fix") and isinstance(judge_sighting(seen, examiner.rules, examiner.index), Flagged):
            flagged.append(track.track_id)
    dropped = [drop.track_id for drop in report.drops]
    assert sorted(flagged + dropped) == [track.track_id for track in tracks]
    assert bool(report.findings) == bool(flagged)
    assert all(drop.reason in DropReason and drop.detail for drop in report.drops)
    for finding in report.findings:
        assert verify_manifest(examiner.vault, finding.manifest_sha256) == []
    return report, len(tracks)
