"""Stills: EXIF and DJI's XMP, made here and real ones."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from flights.errors import TelemetryError
from flights.telemetry.exif_xmp import parse_xmp, read_still
from flights.telemetry.reader import read_telemetry

BEACH = Path(__file__).resolve().parents[4] / "shared" / "data" / "geo" / "brighton_beach"

XMP = b"""<?xpacket begin="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:AbsoluteAltitude="+46.30"
 drone-dji:RelativeAltitude="+40.10" drone-dji:GimbalYawDegree="+93.50" drone-dji:GimbalPitchDegree="-60.00"
 drone-dji:GimbalRollDegree="+0.00" drone-dji:CamReverse="no">
 <drone-dji:FlightYawDegree>90.5</drone-dji:FlightYawDegree>
 </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def still(path: Path, *, south: bool = False, place: bool = True, xmp: bytes = XMP) -> Path:
    """Write a small JPEG with EXIF and XMP."""
    exif = Image.Exif()
    if place:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: "S" if south else "N",
                ExifTags.GPS.GPSLatitude: (30.0, 19.0, 10.2),
                ExifTags.GPS.GPSLongitudeRef: "E",
                ExifTags.GPS.GPSLongitude: (120.0, 8.0, 20.4),
                ExifTags.GPS.GPSAltitude: 45.0,
            }
        )
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {ExifTags.Base.DateTimeOriginal: "2025:04:01 09:30:00", ExifTags.Base.SubsecTimeOriginal: "25"}
    )
    Image.new("RGB", (8, 8)).save(path, exif=exif, xmp=xmp)
    return path


def test_a_still_tells_place_time_and_attitude(tmp_path: Path) -> None:
    """Position and time from EXIF, heights and attitude from XMP, which has the better height."""
    row = read_still(still(tmp_path / "a.jpg"))
    assert (row.lat_deg, row.lon_deg) == pytest.approx((30.3195, 120.139), abs=1e-6)
    assert (row.alt_amsl_m, row.height_home_m) == (46.3, 40.1)
    assert row.at_s == pytest.approx(1743499800.25)
    assert row.gimbal is not None
    assert (row.gimbal.yaw_deg, row.gimbal.pitch_deg) == (93.5, -60.0)


def test_the_southern_hemisphere_is_negative(tmp_path: Path) -> None:
    """The reference letter gives the sign."""
    assert read_still(still(tmp_path / "a.jpg", south=True)).lat_deg == pytest.approx(-30.3195, abs=1e-6)


def test_a_folder_is_a_log_and_bad_stills_are_faults(tmp_path: Path) -> None:
    """One without a position, one that is no picture: two faults, and the third picture is read."""
    still(tmp_path / "a.jpg")
    still(tmp_path / "b.jpg", place=False)
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    log = read_telemetry(tmp_path)
    assert [row.row for row in log.rows] == [1]
    assert [fault.row for fault in log.faults] == [2, 3]


def test_a_packet_that_expands_itself_is_refused() -> None:
    """Entity declarations in XMP are not followed."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&a;</x:xmpmeta>'
    with pytest.raises(ValueError, match="not readable"):
        parse_xmp(b"<x>" + bomb)
    assert parse_xmp(XMP)["GimbalYawDegree"] == 93.5


def test_an_empty_folder_is_a_named_error(tmp_path: Path) -> None:
    """No stills, no telemetry."""
    with pytest.raises(TelemetryError, match="no telemetry at all"):
        read_telemetry(tmp_path)


@pytest.mark.real
@pytest.mark.skipif(not BEACH.exists(), reason="shared/data is absent")
def test_real_stills_agree_with_their_published_table() -> None:
    """Eighteen DJI photos: place to a millimetre, gimbal and relative height exactly as in telemetry.csv."""
    log = read_telemetry(BEACH / "images")
    assert not log.faults
    with (BEACH / "telemetry.csv").open(encoding="utf-8") as table:
        wanted = {row["image"]: row for row in csv.DictReader(table)}
    names = sorted(path.name for path in (BEACH / "images").iterdir())
    assert len(log.rows) == len(names)
    for row in log.rows:
        line = wanted[names[row.row - 1]]
        assert row.lat_deg == pytest.approx(float(line["lat"]), abs=1e-8)
        assert row.lon_deg == pytest.approx(float(line["lon"]), abs=1e-8)
        assert row.height_home_m == float(line["rel_alt_m"])
        assert row.gimbal is not None
        assert row.gimbal.yaw_deg == float(line["gimbal_yaw"])
