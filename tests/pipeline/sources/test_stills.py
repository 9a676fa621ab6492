"""Photographs are looked at as the sensor took them, each at its own place, and sealed byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import ExifTags, Image

from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.errors import OutsideTrack
from geofences.pose import Pose
from geofences.position import Geodetic
from pipeline.domain.frame import SourceKind, SourceProfile
from pipeline.errors import BadInput
from pipeline.sources.stills import Still, StillSource, read_still_facts

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (64, 48)
T0_S = 1_793_584_800.0


def write(path: Path, grey: int, *, size_px: tuple[int, int] = SIZE, focal_35mm: int | None = 24) -> Path:
    """A JPEG of one grey, dark at its top, that states its lens and to be shown turned."""
    pixels = np.full((size_px[1], size_px[0], 3), grey, dtype=np.uint8)
    pixels[: size_px[1] // 4] = 0
    exif = Image.Exif()
    exif.update({ExifTags.Base.Model: "M3T\x00\x00", ExifTags.Base.Orientation: 6})
    if focal_35mm is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = focal_35mm
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    return path


def pose(at_s: float) -> Pose:
    """Straight down from 40 m."""
    down = Attitude(yaw_deg=0.0, pitch_deg=-90.0)
    place = Geodetic(lat_deg=30.3195, lon_deg=120.139, alt_ellipsoid_m=55.0)
    return Pose(at_s=at_s, position=place, body=down, gimbal=down)


def source(*stills: Still) -> StillSource:
    """A look at these."""
    camera = Camera.from_fov(size_px=SIZE, hfov_deg=70.0)
    profile = SourceProfile(source_id="M3T", kind=SourceKind.STILLS, name="M3T", camera=camera)
    return StillSource(stills=stills, profile=profile, look_id="L1")


@pytest.fixture
def pair(tmp_path: Path) -> StillSource:
    """Two photographs, five seconds apart; the second does not say where it was taken."""
    return source(
        Still(path=write(tmp_path / "a.jpg", 100), at_s=T0_S, pose=pose(T0_S)),
        Still(path=write(tmp_path / "b.jpg", 200), at_s=T0_S + 5.0, pose=None),
    )


def test_frames_are_the_sensors_pictures_in_time(pair: StillSource) -> None:
    """Each frame has its photograph's time and pixels; a stated rotation is not applied."""
    frames = list(pair.frames())
    assert [(frame.pts_s, frame.captured_at_s) for frame in frames] == [(0.0, T0_S), (5.0, T0_S + 5.0)]
    assert all(frame.image_bgr.shape == (48, 64, 3) for frame in frames)
    assert [float(frame.image_bgr[-1, 0, 0]) for frame in frames] == pytest.approx([100, 200], abs=3)
    assert float(frames[0].image_bgr[0].mean()) < 20
    assert pair.look_hz == pytest.approx(0.2)


def test_a_pose_is_that_of_its_photograph_and_no_other(pair: StillSource) -> None:
    """Between photographs, and for one that does not state its pose, nothing is known."""
    assert pair.pose_at(T0_S).position.alt_ellipsoid_m == 55.0
    for at_s in (T0_S + 1.0, T0_S + 5.0):
        with pytest.raises(OutsideTrack):
            pair.pose_at(at_s)


def test_the_original_is_the_file_itself(pair: StillSource) -> None:
    """What is sealed are the bytes of the photograph that was judged."""
    content, media_type = pair.original(5.0, 5.0)
    assert media_type == "image/jpeg"
    assert content == pair.stills[1].path.read_bytes()


def test_a_single_photograph_is_a_look(tmp_path: Path) -> None:
    """One picture has a rate too."""
    one = source(Still(path=write(tmp_path / "a.jpg", 90), at_s=T0_S, pose=pose(T0_S)))
    assert one.look_hz == 1.0
    assert len(list(one.frames())) == 1


def test_facts_are_read_without_decoding(tmp_path: Path) -> None:
    """Size, model and lens; unstated stays unknown."""
    facts = read_still_facts(write(tmp_path / "a.jpg", 90))
    assert (facts.size_px, facts.model, facts.focal_35mm) == (SIZE, "M3T", 24.0)
    assert read_still_facts(write(tmp_path / "b.jpg", 90, focal_35mm=None)).focal_35mm is None


def test_other_files_are_named(tmp_path: Path) -> None:
    """Text and PNG under a photograph's name are refused, with the file's name."""
    (tmp_path / "text.jpg").write_text("no picture")
    Image.new("RGB", SIZE).save(tmp_path / "drawing.png")
    (tmp_path / "drawing.png").rename(tmp_path / "drawing.jpg")
    for name, said in (("text.jpg", "cannot be read"), ("drawing.jpg", "is PNG, not JPEG")):
        with pytest.raises(BadInput, match=said) as refused:
            read_still_facts(tmp_path / name)
        assert name in str(refused.value)


def test_a_damaged_photograph_is_named_when_it_is_reached(tmp_path: Path) -> None:
    """A file cut off in the middle, and one of another size, stop the look by name."""
    whole = write(tmp_path / "a.jpg", 90)
    half = tmp_path / "half.jpg"
    half.write_bytes(whole.read_bytes()[:-200])
    large = write(tmp_path / "large.jpg", 90, size_px=(80, 60))
    for path, said in ((half, "is damaged"), (large, "is 80x60")):
        with pytest.raises(BadInput, match=said):
            list(source(Still(path=path, at_s=T0_S, pose=None)).frames())
