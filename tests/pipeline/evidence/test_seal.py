"""Sealing a finding and checking it offline."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from detectors.detections import ModelIdentity
from geofences.camera import Camera
from pipeline.domain.finding import Finding
from pipeline.domain.frame import Frame, SourceKind, SourceProfile
from pipeline.domain.manifest import EvidenceItem, EvidenceRole
from pipeline.domain.offence import Offence
from pipeline.domain.sighting import Sighting
from pipeline.domain.track import Observation, Track
from pipeline.errors import BadInput, NotFound
from pipeline.evidence.seal import finding_id_of, seal_finding
from pipeline.evidence.vault import FolderVault
from pipeline.evidence.verify import parse_manifest, verify_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from geofences.pose import Pose
    from pipeline.domain.case import SealedFinding

START_S = 1793579400.0
CAMERA = Camera.from_fov(size_px=(320, 240), hfov_deg=60)


@dataclass
class Clip:
    """A `FrameSource` whose original is the text of what was asked for."""

    media_type: str = "video/mp4"
    look_id: str = "look-1"
    profile: SourceProfile = SourceProfile(source_id="drone-1", kind=SourceKind.DRONE, name="One", camera=CAMERA)  # noqa: RUF009 - frozen

    def frames(self) -> Iterator[Frame]:
        """None are asked for."""
        return iter(())

    def pose_at(self, at_s: float) -> Pose:
        """None is asked for."""
        raise NotImplementedError

    def original(self, from_pts_s: float, until_pts_s: float) -> tuple[bytes, str]:
        """Bytes that tell the stretch."""
        return f"{from_pts_s}-{until_pts_s}".encode(), self.media_type


def track(track_id: int, left_px: float, frame_ids: range) -> Track:
    """A box standing still, best in the middle of its frames."""
    observations = tuple(
        Observation(
            frame_id=frame_id,
            pts_s=frame_id / 10,
            at_s=START_S + frame_id / 10,
            xyxy_px=(left_px, 100, left_px + 20, 140),
            score=0.9 - abs(frame_id - frame_ids[len(frame_ids) // 2]) / 100,
        )
        for frame_id in frame_ids
    )
    return Track(
        track_id=track_id, offence=Offence.TRAFFIC_CONE, observations=observations, frames_covered=len(frame_ids)
    )


@pytest.fixture
def finding(sealed: Callable[..., SealedFinding]) -> Finding:
    """Two cones side by side, and one that was out of the picture when the first was best."""
    model = sealed("x")
    tracks = (track(4, 100, range(30, 61)), track(2, 200, range(40, 71)), track(9, 300, range(62, 80)))
    return Finding(
        offence=Offence.TRAFFIC_CONE,
        sightings=tuple(
            Sighting(track=one, source_id="drone-1", source_kind=SourceKind.DRONE, fix=model.fix) for one in tracks
        ),
        fix=model.fix,
        why=model.why,
        merge_distance_m=10.0,
        merge_window_s=3600.0,
    )


def seal(finding: Finding, vault: FolderVault, source: Clip | None = None) -> SealedFinding:
    """Seal with the one frame needed."""
    image = np.random.default_rng(1).integers(0, 256, (240, 320, 1), np.uint8).repeat(3, axis=2)
    frame = Frame(
        frame_id=45,
        source_id="drone-1",
        pts_s=4.5,
        captured_at_s=START_S + 4.5,
        clock_offset_s=0.25,
        image_bgr=image,
    )
    return seal_finding(
        finding,
        source=source or Clip(),
        frames={45: frame},
        model=ModelIdentity(name="street-4", weights_sha256="ab" * 32),
        software="offsite 0.1.0",
        device="simulated camera",
        vault=vault,
    )


def test_a_sealed_finding_checks_offline(finding: Finding, tmp_path: Path) -> None:
    """The manifest names original, frame, marked and masked copy, all in the vault, linked to the original."""
    vault = FolderVault(tmp_path)
    made = seal(finding, vault)
    manifest = parse_manifest(vault.get(made.manifest_sha256))
    assert verify_manifest(vault, made.manifest_sha256) == []
    assert hashlib.sha256(manifest.to_bytes()).hexdigest() == made.manifest_sha256
    assert manifest.items == made.items
    assert [item.role for item in made.items] == [
        EvidenceRole.ORIGINAL_CLIP,
        EvidenceRole.FRAME,
        EvidenceRole.ANNOTATED,
        EvidenceRole.MASKED,
    ]
    assert {item.derived_from_sha256 for item in made.items[1:]} == {made.items[0].sha256}
    assert (manifest.model_name, manifest.clock_offset_s, manifest.datum) == ("street-4", 0.25, "WGS84")
    assert manifest.boxes_px == ((100.0, 100.0, 120.0, 140.0), (200.0, 100.0, 220.0, 140.0))
    assert (made.first_s, made.last_s) == (START_S + 3.0, START_S + 7.9)


def test_the_original_covers_the_best_sighting_and_a_margin(finding: Finding, tmp_path: Path) -> None:
    """The clip asked for runs from 2.5 s before the best sighting to 2.5 s after, and never before the start."""
    vault = FolderVault(tmp_path)
    assert vault.get(seal(finding, vault).items[0].sha256) == b"0.5-8.5"
    early = replace(finding, sightings=(replace(finding.sightings[0], track=track(4, 100, range(15, 76))),))
    assert vault.get(seal(early, vault).items[0].sha256) == b"0.0-10.0"


def test_the_masked_copy_keeps_the_members_seen_in_the_frame(finding: Finding, tmp_path: Path) -> None:
    """Both cones stay sharp, the third one's place and all else do not."""
    vault = FolderVault(tmp_path)
    items = {item.role: item for item in seal(finding, vault).items}
    frame, masked = (
        cv2.imdecode(np.frombuffer(vault.get(items[role].sha256), np.uint8), cv2.IMREAD_COLOR).astype(int)
        for role in (EvidenceRole.FRAME, EvidenceRole.MASKED)
    )
    off = np.abs(frame - masked).mean(axis=2)
    assert off[100:140, 100:120].mean() < 20
    assert off[100:140, 200:220].mean() < 20
    assert off[100:140, 300:320].mean() > 40
    assert off[:60].mean() > 50


def test_the_copies_that_circulate_say_where_the_offence_was(finding: Finding, tmp_path: Path) -> None:
    """Marked and masked copy carry place, error and time; original and frame are left as they are."""
    vault, fix = FolderVault(tmp_path), finding.fix
    for item in seal(finding, vault).items[1:]:
        exif = Image.open(io.BytesIO(vault.get(item.sha256))).getexif()
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        if item.role is EvidenceRole.FRAME:
            assert not gps
            continue
        degrees, minutes, seconds = gps[ExifTags.GPS.GPSLatitude]
        assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(fix.position.lat_deg, abs=1e-8)
        assert gps[ExifTags.GPS.GPSHPositioningError] == pytest.approx(fix.ellipse.semi_major_m, abs=0.005)
        assert exif[ExifTags.Base.Model] == "One"
        stamp = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
        assert datetime.strptime(stamp, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC).timestamp() == START_S + 4


def test_sealing_again_gives_the_same_hashes(finding: Finding, tmp_path: Path) -> None:
    """The same look sealed twice is the same finding, the same manifest and not one item more."""
    vault = FolderVault(tmp_path)
    first, files = seal(finding, vault), sorted(tmp_path.glob("*/*"))
    again = seal(finding, vault)
    assert (again.finding_id, again.manifest_sha256) == (first.finding_id, first.manifest_sha256)
    assert sorted(tmp_path.glob("*/*")) == files
    assert len(files) == 5


def test_the_id_depends_on_look_members_and_times_only(finding: Finding) -> None:
    """The order of members does not matter; another look or one member fewer does."""
    usual = finding_id_of("look-1", finding)
    assert len(usual) == 16
    assert finding_id_of("look-1", replace(finding, sightings=finding.sightings[::-1])) == usual
    assert finding_id_of("look-2", finding) != usual
    assert finding_id_of("look-1", replace(finding, sightings=finding.sightings[:2])) != usual


def test_a_still_is_an_original_still(finding: Finding, tmp_path: Path) -> None:
    """Bytes of an image are sealed as a still, not as a clip."""
    made = seal(finding, FolderVault(tmp_path), Clip(media_type="image/jpeg"))
    assert made.items[0].role is EvidenceRole.ORIGINAL_STILL


def test_a_missing_frame_is_told(finding: Finding, tmp_path: Path) -> None:
    """Without the best frame nothing is sealed, and the message says which one was needed."""
    missing = replace(finding, sightings=finding.sightings[1:])
    vault = FolderVault(tmp_path)
    with pytest.raises(NotFound, match="frame 55"):
        seal(missing, vault)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("index", range(4))
def test_verify_tells_a_lost_or_changed_item(finding: Finding, tmp_path: Path, index: int) -> None:
    """Each item that was changed or removed is named by role."""
    vault = FolderVault(tmp_path)
    made = seal(finding, vault)
    item = made.items[index]
    place = tmp_path / item.sha256[:2] / item.sha256[2:]
    place.chmod(0o600)
    place.write_bytes(b"other")
    assert item.role in verify_manifest(vault, made.manifest_sha256)[0]
    place.unlink()
    assert item.role in verify_manifest(vault, made.manifest_sha256)[0]


def test_verify_tells_a_manifest_that_does_not_hold_together(finding: Finding, tmp_path: Path) -> None:
    """A wrong length, a derivative of nothing and a manifest without original are problems, as is a missing one."""
    vault = FolderVault(tmp_path)
    made = seal(finding, vault)
    manifest = parse_manifest(vault.get(made.manifest_sha256))
    original, frame, *_ = manifest.items

    def problems(*items: EvidenceItem) -> str:
        return " ".join(verify_manifest(vault, vault.put(replace(manifest, items=items).to_bytes())))

    assert "bytes, the manifest says 3" in problems(replace(original, byte_count=3))
    assert "not linked" in problems(original, replace(frame, derived_from_sha256=None))
    assert "names no original" in problems(frame)
    assert "no item" in " ".join(verify_manifest(vault, "0" * 64))


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"{}", b'{"items": [1]}', b'{"items": []}', b"[" * 10**5])
def test_bytes_that_are_no_manifest_are_told(tmp_path: Path, content: bytes) -> None:
    """Anything else in the vault is no manifest, and checking it as one is a problem, not a crash."""
    vault = FolderVault(tmp_path)
    with pytest.raises(BadInput, match="manifest"):
        parse_manifest(content)
    assert verify_manifest(vault, vault.put(content))


def test_a_manifest_in_another_spelling_is_refused(finding: Finding, tmp_path: Path) -> None:
    """The same content with blanks is not the canonical form."""
    vault = FolderVault(tmp_path)
    body = json.loads(vault.get(seal(finding, vault).manifest_sha256))
    with pytest.raises(BadInput, match="canonical"):
        parse_manifest(json.dumps(body).encode())
