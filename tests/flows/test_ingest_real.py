"""Real clips and photographs through the whole chain: draft cases, or a named reason for every track left alone.

Mountings and zones of the fixed clips are invented: nobody knows where those cameras stood. They are put so that all
that the camera sees lies on the ground of the site and in zones of every kind.
"""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import tomli_w
from PIL import Image

from flows.assembly import make_examiner, open_store, open_vault
from flows.cli import main
from flows.ingest import clip_source
from flows.site_folder import init_site
from flows.stills import stills_source
from geofences.ellipse import CHI2_95
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic
from pipeline.domain.finding import DropReason
from pipeline.domain.frame import SourceKind
from pipeline.domain.judge import Flagged, judge_sighting
from pipeline.domain.manifest import EvidenceRole
from pipeline.domain.rule import Persistence
from pipeline.domain.sighting import Sighting
from pipeline.evidence.verify import verify_manifest
from pipeline.geotag.ground import Ground
from pipeline.geotag.sight import sight
from pipeline.run.follow import follow
from pipeline.site import read_site
from pipeline.sources import media
from pipeline.sources.camera_file import CameraEntry, Lens, Mounting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.detections import Detections, Engine, ModelIdentity
    from pipeline.domain.look import LookReport
    from pipeline.domain.track import Track
    from pipeline.ports import FrameSource
    from pipeline.run.examine import Examiner
    from pipeline.site import Site

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CLIPS = SHARED / "clips"
BEACH = SHARED / "geo" / "brighton_beach"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not CLIPS.is_dir(), reason="needs ../shared/data")]

# The photographs' EXIF: 20 mm on 35 mm film, that is 20/36 of the picture's width.
BEACH_FOCAL_SHARE = 20 / 36
# The clip's pictures are these photographs, in this order.
PICTURES = {f"DJI_{n:04d}.JPG": i for i, n in enumerate((*range(18, 24), *range(30, 36)))}
BEACH_LAT_DEG, BEACH_LON_DEG, BEACH_GROUND_AMSL_M = 46.8427, -91.9943, 163.0
CITY_LAT_DEG, CITY_LON_DEG = 30.3195, 120.1390
STARTED_S = 1_793_584_800.0
# Long clips and those without smoke are looked at less often, to be done in a minute.
LOOK_HZ = {"andrew": 0.5, "intel": 0.5, "drone": 1.0}


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
    (folder / "site.toml").write_text(text + "\n[model]\nthreads = 2\n")
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
        id=Path(clip).stem, name="invented mounting", kind="city_eye", lens=lens, mounting=mounting, look_hz=2.0
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of one look.

    Attributes:
        report: under the rules a new site starts with.
        eased: of the same detections under rules that ask for two sights and no dwell.
        track_count: tracks followed.
    """

    report: LookReport
    eased: LookReport
    track_count: int


def examine(examiner: Examiner, source: FrameSource) -> Account:
    """Examine a look and check its account: every track is a flagged member or one named drop, and evidence holds."""
    engine = Remembered(examiner.engine)
    examiner = replace(examiner, engine=engine)
    report = examiner.examine(source)
    engine.replayed = 0
    tracker = examiner.new_tracker(source.look_hz)
    tracks = follow(source, engine, tracker, examiner.ground, lambda _pts_s: None).tracks
    flagged = [track.track_id for track in tracks if is_flagged(track, source, examiner)]
    static = [drop.track_id for drop in report.drops if drop.reason is DropReason.PLUME_STATIC]
    assert set(static) <= set(flagged)
    flagged = sorted(set(flagged) - set(static))
    assert sorted(flagged + [drop.track_id for drop in report.drops]) == [track.track_id for track in tracks]
    assert bool(report.findings) == bool(flagged)
    assert all(drop.reason in DropReason and drop.detail for drop in report.drops)
    engine.replayed = 0
    ask = Persistence(min_hits=2, min_share=0.1, min_dwell_s=0.0)
    eased = replace(examiner, rules=tuple(replace(rule, fixed=ask, drone=ask) for rule in examiner.rules))
    return Account(report=report, eased=eased.examine(source), track_count=len(tracks))


def is_flagged(track: Track, source: FrameSource, examiner: Examiner) -> bool:
    """Whether the domain's own functions flag a track."""
    seen = sight(track, source.profile, source.look_id, source.pose_at, examiner.ground)
    return isinstance(seen, Sighting) and isinstance(judge_sighting(seen, examiner.rules, examiner.index), Flagged)


@pytest.fixture(scope="module")
def accounts(city: Site) -> dict[str, Account]:
    """Every fixed clip, and the two drone clips without telemetry, looked at with one engine."""
    examiner = make_examiner(city, SourceKind.CITY_EYE)
    found = {}
    for name in sorted(path.name for path in CLIPS.iterdir() if path.suffix in {".mp4", ".avi"}):
        if name.startswith("brighton"):
            continue
        known = None if name.startswith("drone") else pole_camera(name, *media.read_facts(CLIPS / name).size_px)
        source = clip_source(
            CLIPS / name,
            telemetry=None,
            camera=known,
            start_s=STARTED_S,
            look_hz=LOOK_HZ.get(name.split("_", maxsplit=1)[0], 1.5),
            geoid_separation_m=9.0,
        )
        found[name] = examine(examiner, source)
    return found


def test_every_clip_ends_in_an_account(accounts: dict[str, Account]) -> None:
    """Eight clips end without a fault; each track is a member of a finding or is dropped for a named reason."""
    assert len(accounts) == 8
    assert all(account.report.frames_examined >= 9 for account in accounts.values())
    assert sum(account.track_count for account in accounts.values()) > 0


def test_without_telemetry_nothing_is_placed(accounts: dict[str, Account]) -> None:
    """Clips of a drone without its log give no draft: every track is dropped because nothing says where it is."""
    for name, account in accounts.items():
        if name.startswith("drone"):
            assert account.eased.findings == ()
            assert {drop.reason for drop in account.eased.drops} <= {DropReason.NO_POSE}


def test_a_located_clip_becomes_a_draft_with_a_picture(accounts: dict[str, Account], city: Site) -> None:
    """Under eased rules real clips give drafts; each one's evidence verifies and holds a marked picture."""
    store, vault = open_store(city), open_vault(city)
    drafted = 0
    for account in accounts.values():
        drafted += len(store.file_look(account.eased, now_s=STARTED_S).drafted)
        for finding in account.eased.findings:
            assert verify_manifest(vault, finding.manifest_sha256) == []
            content = next(item.sha256 for item in finding.items if item.role is EvidenceRole.ANNOTATED)
            picture = cv2.imdecode(np.frombuffer(vault.get(content), dtype=np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            assert picture.std() > 10
    assert drafted >= 1
    assert len(store.cases()) == drafted
    store.close()


def run(*arguments: object) -> int:
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_survey_is_ingested_with_its_log_and_lens(
    beach: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command takes clip, SRT and camera file; a second time it changes nothing."""
    camera = tmp_path / "fc300s.toml"
    camera.write_text(tomli_w.dumps(beach_camera(1280, 720).model_dump(exclude_none=True)))
    clip = CLIPS / "brighton_nadir_survey_1fps.mp4"
    command = ("ingest", clip, "--telemetry", clip.with_suffix(".SRT"), "--camera", camera, "--site", beach.folder)
    assert run(*command) == 0
    assert "12 frames" in capsys.readouterr().out
    assert run(*command) == 0
    assert "filed before: nothing changed" in capsys.readouterr().out


def test_photographs_are_ingested_and_those_without_a_place_named(
    beach: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of photographs is one look; one whose EXIF was lost is named and left out, a fault filed."""
    for name in ("DJI_0030.JPG", "DJI_0031.JPG", "DJI_0032.JPG"):
        shutil.copy(BEACH / "images" / name, tmp_path)
    Image.open(BEACH / "images" / "DJI_0033.JPG").save(tmp_path / "edited.jpg")
    assert run("ingest", tmp_path, "--site", beach.folder) == 0
    said = capsys.readouterr().out
    assert "3 frames" in said
    assert "not looked at: edited.jpg" in said


def test_all_photographs_are_accounted_for(beach: Site) -> None:
    """Eighteen photographs, lens by their EXIF: every track is flagged or dropped by name."""
    source = stills_source(BEACH / "images", camera=None, timezone="America/Chicago", geoid_separation_m=9.0)
    assert len(source.stills) == 18
    assert source.profile.camera.focal_px == pytest.approx(1600 * BEACH_FOCAL_SHARE)
    account = examine(make_examiner(beach, SourceKind.STILLS), source)
    assert account.report.frames_examined == 18


def ties(shift: int = 0) -> list[tuple[float, bool]]:
    """For each surveyed point in the clip: metres from where its pixel is located, and whether the ellipse holds it.

    Args:
        shift: look up the pose of so many pictures later.
    """
    source = clip_source(
        CLIPS / "brighton_nadir_survey_1fps.mp4",
        telemetry=CLIPS / "brighton_nadir_survey_1fps.SRT",
        camera=beach_camera(1280, 720),
        start_s=None,
        look_hz=None,
        geoid_separation_m=9.0,
        timezone="America/Chicago",
    )
    ground_m = BEACH_GROUND_AMSL_M + 9.0
    frame = LocalFrame(origin=Geodetic(lat_deg=BEACH_LAT_DEG, lon_deg=BEACH_LON_DEG, alt_ellipsoid_m=ground_m))
    ground = Ground(frame=frame, alt_ellipsoid_m=ground_m, sigma_m=0.5)
    found = []
    for row in csv.DictReader((BEACH / "tiepoints.csv").read_text().splitlines()):
        picture = PICTURES.get(row["image"])
        if picture is None or picture + shift >= len(PICTURES):
            continue
        pose = source.pose_at(source.start_s + picture + shift)
        pixel = (float(row["u_px_1600x900"]) * 0.8, float(row["v_px"]) * 0.8)
        fix = ground.locate(source.profile.camera, pose, pixel)
        place = Geodetic(lat_deg=float(row["lat"]), lon_deg=float(row["lon"]), alt_ellipsoid_m=ground_m)
        miss_m = frame.enu_from_geodetic(place)[:2] - fix.enu_m[:2]
        inside = float(miss_m @ np.linalg.inv(fix.ellipse.covariance_m2) @ miss_m) <= CHI2_95
        found.append((float(np.hypot(*miss_m)), inside))
    return found


def test_the_log_is_joined_to_the_clip_by_cue_time() -> None:
    """176 surveyed points: half are located within 2.5 m, 95 % inside their ellipse; one picture off they are not."""
    right, wrong = ties(), ties(shift=1)
    assert len(right) == 176
    assert np.median([miss_m for miss_m, _ in right]) < 2.5
    assert np.mean([inside for _, inside in right]) >= 0.95
    assert np.median([miss_m for miss_m, _ in wrong]) > 8.0
