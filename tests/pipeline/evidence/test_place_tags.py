"""EXIF of circulated pictures, read back with Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from pipeline.evidence.pictures import frame_jpeg
from pipeline.evidence.place_tags import with_place

PLAIN = frame_jpeg(np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8))
AT_S = 1_793_579_400.25  # 2026-11-02 00:30:00.25 UTC


def tagged(lat_deg: float = 30.3195, lon_deg: float = 120.139, *, at_s: float = AT_S, camera: str = "Eye 1") -> bytes:
    """The plain picture with tags."""
    return with_place(PLAIN, lat_deg=lat_deg, lon_deg=lon_deg, error_m=2.345, at_s=at_s, camera=camera)


@settings(max_examples=100, deadline=None)
@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180))
def test_the_place_comes_back_to_a_millimetre(lat: float, lon: float) -> None:
    """On every quarter of the earth, its edges included, no second of arc is ever 60."""
    gps = Image.open(io.BytesIO(tagged(lat, lon))).getexif().get_ifd(ExifTags.IFD.GPSInfo)
    for value, name, minus in ((lat, "Latitude", "S"), (lon, "Longitude", "W")):
        degrees, minutes, seconds = gps[ExifTags.GPS[f"GPS{name}"]]
        sign = -1 if gps[ExifTags.GPS[f"GPS{name}Ref"]] == minus else 1
        assert sign * (degrees + minutes / 60 + seconds / 3600) == pytest.approx(value, abs=5e-9)
        assert 0 <= minutes < 60
        assert 0 <= seconds < 60


def test_time_datum_error_and_camera_are_stated() -> None:
    """UTC with its offset, the datum by name, the 95 % error in metres; a Chinese camera's name as UTF-8."""
    exif = Image.open(io.BytesIO(tagged(camera="拱墅区 1 号"))).getexif()
    inner, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert inner[ExifTags.Base.DateTimeOriginal] == "2026:11:02 00:30:00"
    assert inner[ExifTags.Base.OffsetTimeOriginal] == "+00:00"
    assert inner[ExifTags.Base.SubsecTimeOriginal] == "250"
    assert gps[ExifTags.GPS.GPSMapDatum] == "WGS-84"
    assert float(gps[ExifTags.GPS.GPSHPositioningError]) == pytest.approx(2.345, abs=0.005)
    assert exif[ExifTags.Base.Model].encode("latin-1").decode() == "拱墅区 1 号"


def test_the_picture_itself_is_not_touched_and_the_bytes_are_the_same_each_time() -> None:
    """Every pixel is as before, and sealing twice gives one hash."""
    assert tagged() == tagged() != tagged(at_s=AT_S + 1)
    assert tagged().endswith(PLAIN[2:])
    before, after = (np.asarray(Image.open(io.BytesIO(content))) for content in (PLAIN, tagged()))
    assert np.array_equal(before, after)
