"""`offsite ingest` of photographs: placed by EXIF and XMP; what cannot be used is named."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import ExifTags, Image
from shapely import box

from detectors.detections import Detections, ModelIdentity
from flights.errors import TelemetryError
from flows.assembly import make_examiner
from flows.cli import main
from flows.misplaced import withhold_misplaced
from flows.site_folder import init_site
from flows.stills import is_stills, stills_source
from geofences.datum import Datum, shape_from_wgs84
from geofences.errors import OutsideTrack
from geofences.zone import Zone, ZoneKind
from pipeline.domain.frame import SourceKind
from pipeline.domain.manifest import EvidenceRole
from pipeline.errors import BadInput
from pipeline.evidence.verify import verify_manifest
from pipeline.site import read_site
from pipeline.sources.camera_file import CameraEntry, Lens, MountEntry, Mounting

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:AbsoluteAltitude="+46.30"
 drone-dji:GimbalYawDegree="+90.0" drone-dji:GimbalPitchDegree="-60.00" drone-dji:GimbalRollDegree="+0.00"/>
</rdf:RDF></x:xmpmeta>"""
STAMP = "2026:11:02 10:00:00"
STAMP_S = 1_793_584_800.0
SIZE = (320, 240)


def write(
    path: Path,
    *,
    stamp: str | None = STAMP,
    place: bool = True,
    aimed: bool = True,
    size_px: tuple[int, int] = SIZE,
    model: str = "XT9",
    focal_35mm: int = 24,
    focal_mm: float = 0.0,
    xmp: bytes = XMP,
) -> Path:
    """A small photograph as a drone writes it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = model
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    if focal_35mm:
        inner[ExifTags.Base.FocalLengthIn35mmFilm] = focal_35mm
    if focal_mm:
        inner[ExifTags.Base.FocalLength] = focal_mm
    if stamp is not None:
        inner[ExifTags.Base.DateTimeOriginal] = stamp
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "N",
                ExifTags.GPS.GPSLatitude: (30.0, 19.0, 10.2),
                ExifTags.GPS.GPSLongitudeRef: "E",
                ExifTags.GPS.GPSLongitude: (120.0, 8.0, 20.4),
                ExifTags.GPS.GPSAltitude: 46.3,
            }
        )
    picture = Image.fromarray(np.full((size_px[1], size_px[0], 3), 120, dtype=np.uint8))
    picture.save(path, exif=exif, **({"xmp": xmp} if aimed else {}))
    return path


def read(path: Path, camera: CameraEntry | None = None) -> object:
    """The look, in the demo's city."""
    return stills_source(path, camera=camera, timezone="Asia/Shanghai", geoid_separation_m=9.0)


def test_a_burst_keeps_order_time_and_place(tmp_path: Path) -> None:
    """Two pictures of one second stay two; local stamps become UTC; height is put on the ellipsoid."""
    write(tmp_path / "DJI_0001.JPG")
    write(tmp_path / "DJI_0002.JPG")
    found = stills_source(tmp_path, camera=None, timezone="Asia/Shanghai", geoid_separation_m=9.0)
    assert [still.at_s for still in found.stills] == pytest.approx([STAMP_S, STAMP_S + 0.001], abs=1e-6)
    pose = found.pose_at(found.stills[1].at_s)
    assert pose.position.alt_ellipsoid_m == pytest.approx(55.3)
    assert (pose.gimbal.yaw_deg, pose.gimbal.pitch_deg) == (90.0, -60.0)
    assert found.profile.camera.focal_px == pytest.approx(320 * 24 / 36)
    assert "24 mm" in found.profile.name


def test_what_cannot_be_placed_is_left_out_by_name(tmp_path: Path) -> None:
    """A picture without a place, and one without a time, are named; the third is the look."""
    write(tmp_path / "a.jpg", place=False)
    write(tmp_path / "b.jpg", stamp=None)
    write(tmp_path / "c.jpg")
    found = stills_source(tmp_path, camera=None, timezone="Asia/Shanghai", geoid_separation_m=9.0)
    assert [still.path.name for still in found.stills] == ["c.jpg"]
    assert sorted(fault.message.split(":")[0] for fault in found.left_out) == ["a.jpg", "b.jpg"]


def test_without_an_attitude_nothing_is_placed(tmp_path: Path) -> None:
    """A picture that does not say where the lens looked is looked at, but never placed by a guess."""
    write(tmp_path / "a.jpg", aimed=False)
    found = stills_source(tmp_path, camera=None, timezone="Asia/Shanghai", geoid_separation_m=9.0)
    with pytest.raises(OutsideTrack, match="attitude"):
        found.pose_at(found.stills[0].at_s)
    assert [fault.message for fault in found.left_out] == ["a.jpg: places nothing: attitude: the log does not state it"]
    write(tmp_path / "b.jpg", stamp="2026:11:02 10:00:07")
    two = stills_source(tmp_path, camera=None, timezone="Asia/Shanghai", geoid_separation_m=9.0)
    assert [(fault.code, fault.message[:5]) for fault in two.left_out] == [("still_unposed", "a.jpg")]


def test_folders_that_are_no_look_are_named(tmp_path: Path) -> None:
    """Nothing in it, no place in any, no time in any, two sizes, a mounting: each is said with the file."""
    lens = Lens(width_px=320, height_px=240, hfov_deg=70.0)
    mounting = Mounting(lat_deg=30.0, lon_deg=120.0, alt_ellipsoid_m=20.0, yaw_deg=0.0, pitch_deg=-30.0)
    entry = CameraEntry(id="eye", name="eye", kind="city_eye", lens=lens, mounting=mounting)
    with pytest.raises(BadInput, match="holds no photograph"):
        read(tmp_path)
    with pytest.raises(BadInput, match="does not exist"):
        read(tmp_path / "none.jpg")
    with pytest.raises(TelemetryError, match="no GPS position"):
        read(write(tmp_path / "lost.jpg", place=False))
    with pytest.raises(BadInput, match="when it was taken"):
        read(write(tmp_path / "undated.jpg", stamp=None))
    one = write(tmp_path / "one.jpg")
    with pytest.raises(BadInput, match="mounting"):
        read(one, entry)
    write(tmp_path / "two.jpg", size_px=(160, 120))
    with pytest.raises(BadInput, match=r"two\.jpg: picture size: is 160x120"):
        read(tmp_path)


def test_a_mount_corrects_photographs(tmp_path: Path) -> None:
    """Its seat turns the lens; an offset in time has no meaning for pictures that state their own place."""
    path = write(tmp_path / "one.jpg")
    lens = Lens(width_px=320, height_px=240, hfov_deg=70.0)
    entry = CameraEntry(id="m3t", name="m3t", kind="stills", lens=lens, mount=MountEntry(seat_cam_deg=(2.0, 0.0, 0.0)))
    found = stills_source(path, camera=entry, timezone="Asia/Shanghai", geoid_separation_m=9.0)
    assert found.pose_at(found.stills[0].at_s).gimbal.pitch_deg == pytest.approx(-58.0)
    with pytest.raises(BadInput, match=r"mount\.time_offset_s"):
        read(path, entry.model_copy(update={"mount": MountEntry(time_offset_s=0.3)}))


CALIBRATED = XMP.replace(b"drone-dji:GimbalYaw", b'drone-dji:CalibratedFocalLength="250.5" drone-dji:GimbalYaw')


@pytest.mark.parametrize(
    ("written", "focal_px", "sigma_share", "told"),
    [
        ({"xmp": CALIBRATED, "model": "M3E", "focal_mm": 12.29}, 250.5, 0.01, "maker's calibration"),
        ({"model": "M3E", "focal_mm": 12.29, "focal_35mm": 24}, 320 * 12.29 / 17.3, 0.03, "as of its model"),
        ({"model": "M3T", "focal_mm": 29.9}, 320 * 29.9 / 6.4, 0.03, "as of its model"),
        ({"model": "l1d-20c", "focal_35mm": 0}, 320 * 10.26 / 13.2, 0.03, "as of its model"),
        ({"model": "M3T", "focal_35mm": 24}, 320 * 24 / 36, 0.04, "24 mm on 35 mm film"),
    ],
)
def test_the_lens_is_the_best_that_is_known(
    tmp_path: Path, written: dict[str, object], focal_px: float, sigma_share: float, told: str
) -> None:
    """The maker's calibration, else the model, told from its other lenses by the focal length, else EXIF's."""
    path = write(tmp_path / "a.jpg", **written)
    profile = stills_source(path, camera=None, timezone="Asia/Shanghai", geoid_separation_m=9.0).profile
    assert profile.camera.focal_px == pytest.approx(focal_px)
    assert profile.camera.focal_sigma_share == sigma_share
    assert told in profile.name


def test_an_unknown_lens_is_named(tmp_path: Path) -> None:
    """Nothing is assumed of it: the settings that state it are."""
    path = write(tmp_path / "a.jpg", model="X99", focal_35mm=0)
    with pytest.raises(BadInput, match=r"lens\.focal_px: .* camera X99 is not a known one.*lens\.hfov_deg"):
        read(path)


def test_what_counts_as_photographs(tmp_path: Path) -> None:
    """Folders and JPEG files do, clips do not."""
    assert is_stills(tmp_path)
    assert is_stills(tmp_path / "DJI_0001.JPG")
    assert not is_stills(tmp_path / "clip.mp4")


def test_the_command_takes_photographs_and_refuses_clip_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder ends in an account with exit code 0; --look-hz beside it is refused with 2."""
    init_site(tmp_path / "site")
    photos = tmp_path / "photos"
    photos.mkdir()
    write(photos / "a.jpg")
    write(photos / "b.jpg", stamp="2026:11:02 10:00:07")
    for arguments, code in (((), 0), (("--look-hz", "2"), 2)):
        with pytest.raises(SystemExit) as ended:
            main(["ingest", str(photos), "--site", str(tmp_path / "site"), *arguments])
        assert (ended.value.code or 0) == code
    said = capsys.readouterr()
    assert "2 frames" in said.out
    assert "--look-hz" in said.err


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_zones_drawn_on_another_map_accuse_nobody(tmp_path: Path, datum: Datum) -> None:
    """Where the flight misses every zone by such a map's offset it is looked at, places nothing, and says why."""
    init_site(tmp_path / "site")
    site = read_site(tmp_path / "site")
    zone = Zone(zone_id="z", name="z", kind=ZoneKind.ROAD, outline=box(120.1385, 30.319, 120.1395, 30.32))
    found = read(write(tmp_path / "a.jpg"))
    assert withhold_misplaced(found, replace(site, zones=(zone,))) is found
    shifted = replace(zone, outline=shape_from_wgs84(zone.outline, datum))
    withheld = withhold_misplaced(found, replace(site, zones=(shifted,)))
    assert not withheld.profile.located
    assert withheld.left_out[-1].code == "datum_suspected"
    assert f"zones.geojson: looks like {datum}" in withheld.left_out[-1].message
    stated = withhold_misplaced(found, replace(site, zones=(shifted,)), checked=True)
    assert stated.profile.located
    assert stated.left_out[-1].code == "datum_checked"
    assert stated.look_id != withheld.look_id


@dataclass(slots=True)
class ConeInTheMiddle:
    """An engine that sees one cone in every picture, best in the third."""

    model: ModelIdentity = field(default_factory=lambda: ModelIdentity(name="fake", weights_sha256="0" * 64))
    looks: int = 0

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """A box about the middle."""
        self.looks += 1
        height, width = image_bgr.shape[:2]
        box = [[width / 2 - 10, height / 2 - 20, width / 2 + 10, height / 2]]
        return Detections(
            xyxy_px=np.array(box, dtype=np.float32),
            score=np.array([0.9 if self.looks == 3 else 0.6], dtype=np.float32),
            class_id=np.array([1], dtype=np.int64),
            model=self.model,
        )


def test_the_sealed_original_is_the_photograph_that_was_marked(tmp_path: Path) -> None:
    """Of four photographs of one cone the best is sealed, byte for byte, and the marked copies are made from it."""
    folder, photos = tmp_path / "site", tmp_path / "photos"
    init_site(folder)
    photos.mkdir()
    ring = [[120.138, 30.319], [120.141, 30.319], [120.141, 30.321], [120.138, 30.321], [120.138, 30.319]]
    zone = {
        "type": "Feature",
        "properties": {"zone_id": "Z1", "name": "road", "kind": "road"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [zone]}))
    files = [write(photos / f"{n}.jpg", stamp=f"2026:11:02 10:00:0{n}") for n in range(4)]
    for number, file in enumerate(files):  # told apart by a comment behind the picture
        file.write_bytes(file.read_bytes() + f"picture {number}".encode())
    source = stills_source(photos, camera=None, timezone="Asia/Shanghai", geoid_separation_m=9.0)
    examiner = replace(make_examiner(read_site(folder), SourceKind.STILLS), engine=ConeInTheMiddle())
    (finding,) = examiner.examine(source).findings
    original = next(item for item in finding.items if item.role is EvidenceRole.ORIGINAL_STILL)
    assert examiner.vault.get(original.sha256) == files[2].read_bytes()
    assert {item.derived_from_sha256 for item in finding.items if item is not original} == {original.sha256}
    assert verify_manifest(examiner.vault, finding.manifest_sha256) == []
