"""Stills: EXIF and DJI's XMP, made here and real ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from flights.errors import TelemetryError
from flights.telemetry.exif_xmp import parse_xmp, read_still
from flights.telemetry.reader import read_telemetry
from geofences.attitude import Attitude, enu_from_frd

BEACH = Path(__file__).resolve().parents[4] / "shared" / "data" / "geo" / "brighton_beach"

XMP = b"""<?xpacket begin="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" drone-dji:AbsoluteAltitude="+46.30"
 drone-dji:RelativeAltitude="+40.10" drone-dji:GimbalYawDegree="+93.50" drone-dji:GimbalPitchDegree="-60.00"
 drone-dji:GimbalRollDegree="+0.00" drone-dji:CamReverse="no">
 <drone-dji:FlightYawDegree>90.5</drone-dji:FlightYawDegree>
 </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def still(
    path: Path,
    *,
    south: bool = False,
    place: bool = True,
    xmp: bytes = XMP,
    make: str = "DJI",
    gps: dict[int, object] | None = None,
    inner: dict[int, object] | None = None,
) -> Path:
    """Write a small JPEG with EXIF and XMP."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = make
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
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    exif.get_ifd(ExifTags.IFD.Exif).update(inner or {})
    Image.new("RGB", (8, 8)).save(path, exif=exif, xmp=xmp)
    return path


def test_a_still_tells_place_time_and_attitude(tmp_path: Path) -> None:
    """Position and time from EXIF, heights and attitude from XMP, which has the better height."""
    row, _ = read_still(still(tmp_path / "a.jpg"))
    assert (row.lat_deg, row.lon_deg) == pytest.approx((30.3195, 120.139), abs=1e-6)
    assert (row.alt_amsl_m, row.height_home_m) == (46.3, 40.1)
    assert row.at_s == pytest.approx(1743499800.25)
    assert row.gimbal is not None
    assert (row.gimbal.yaw_deg, row.gimbal.pitch_deg) == (93.5, -60.0)


def test_the_southern_hemisphere_is_negative(tmp_path: Path) -> None:
    """The reference letter gives the sign."""
    assert read_still(still(tmp_path / "a.jpg", south=True))[0].lat_deg == pytest.approx(-30.3195, abs=1e-6)


STAMPED_S = 1_743_499_800.25  # 2025-04-01 09:30:00.25 UTC
HOUR_S = 3600.0
DAY, CLOCK = ExifTags.GPS.GPSDateStamp, ExifTags.GPS.GPSTimeStamp
OFFSET = ExifTags.Base.OffsetTimeOriginal


@pytest.mark.parametrize(
    ("gps", "inner", "timezone", "at_s", "assumed"),
    [
        ({}, {}, None, STAMPED_S, True),
        ({}, {}, "Asia/Shanghai", STAMPED_S - 8 * HOUR_S, False),
        ({}, {OFFSET: "+05:30"}, "Asia/Shanghai", STAMPED_S - 5.5 * HOUR_S, False),
        ({}, {OFFSET: "-03:00"}, None, STAMPED_S + 3 * HOUR_S, False),
        ({}, {OFFSET: "   :  "}, None, STAMPED_S, True),
        # the receiver's UTC beats a zone; a camera's clock that agrees with it but for the zone keeps its fraction
        ({DAY: "2025:04:01", CLOCK: (1.0, 30.0, 1.0)}, {}, None, STAMPED_S - 8 * HOUR_S, False),
        ({DAY: "2025:03:31", CLOCK: (23.0, 45.0, 0.0)}, {}, "Asia/Shanghai", STAMPED_S - 9.75 * HOUR_S, False),
        ({DAY: "2025:04:01", CLOCK: (1.0, 33.0, 20.5)}, {}, None, 1_743_471_200.5, False),
        ({DAY: "2025:04:01", CLOCK: (1.0, 30.0, 1.0)}, {OFFSET: "+08:00"}, None, STAMPED_S - 8 * HOUR_S, False),
        ({DAY: "0000:00:00", CLOCK: (1.0, 30.0, 1.0)}, {}, None, STAMPED_S, True),
        ({DAY: "2025:04:01"}, {}, None, STAMPED_S, True),
    ],
)
def test_time_is_utc_by_the_best_that_is_stated(
    gps: dict[int, object],
    inner: dict[int, object],
    timezone: str | None,
    at_s: float,
    assumed: bool,  # noqa: FBT001 - a table's column
    tmp_path: Path,
) -> None:
    """The stamp's own offset, then the receiver's UTC, then the zone given; without any, UTC, and said so."""
    row, said = read_still(still(tmp_path / "a.jpg", gps=gps, inner=inner), timezone=timezone)
    assert row.at_s == pytest.approx(at_s, abs=1e-6)
    assert any("UTC" in assumption for assumption in said) is assumed


@pytest.mark.parametrize(("reference", "alt_m"), [(b"\x00", 45.0), (b"\x01", -45.0), (b"\x02", None), (b"\x03", None)])
def test_altitudes_keep_their_reference(reference: bytes, alt_m: float | None, tmp_path: Path) -> None:
    """Below the sea is negative; a height above the ellipsoid is not taken for one above the sea."""
    path = still(tmp_path / "a.jpg", xmp=b"", gps={ExifTags.GPS.GPSAltitudeRef: reference})
    assert read_still(path)[0].alt_amsl_m == alt_m


@pytest.mark.parametrize(("datum", "said"), [("WGS-84", 0), ("WGS 1984", 0), ("", 0), ("TOKYO", 1), ("CGCS2000", 1)])
def test_another_datum_is_an_assumption_of_the_log(datum: str, said: int, tmp_path: Path) -> None:
    """The numbers are not converted, and nobody is left to find that out."""
    still(tmp_path / "a.jpg", gps={ExifTags.GPS.GPSMapDatum: datum})
    still(tmp_path / "b.jpg", gps={ExifTags.GPS.GPSMapDatum: datum})
    assumptions = read_telemetry(tmp_path, timezone="UTC").assumptions
    assert [text for text in assumptions if f"GPSMapDatum says {datum}" in text] == list(assumptions)
    assert len(assumptions) == said


def pix4d(yaw: float, pitch: float, roll: float) -> bytes:
    """A packet with Pix4D's names."""
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:Camera="http://pix4d.com/camera/1.0"><x:d Camera:Yaw="{yaw}"'
        f' Camera:Pitch="{pitch}" Camera:Roll="{roll}" Camera:ModelType="perspective"/></x:xmpmeta>'
    ).encode()


@pytest.mark.parametrize(
    ("make", "angles", "lens"),
    [
        ("Parrot", (90.0, 0.0, 0.0), (90.0, -90.0, 0.0)),
        ("Parrot", (90.0, 30.0, 0.0), (90.0, -60.0, 0.0)),
        ("senseFly", (90.0, 90.0, 0.0), (90.0, 0.0, 0.0)),
        ("Parrot", (0.0, 0.0, 10.0), (-90.0, -80.0, 90.0)),  # rolled right: looks to the left (west) of the track
        ("senseFly", (0.0, 0.0, -10.0), (-90.0, -80.0, 90.0)),
        ("Autel Robotics", (90.0, -60.0, 0.0), None),  # other makers mean something else by the same names
        ("", (90.0, 0.0, 0.0), None),
    ],
)
def test_pix4ds_angles_count_from_straight_down(
    make: str, angles: tuple[float, float, float], lens: tuple[float, float, float] | None, tmp_path: Path
) -> None:
    """Pitch 0 is nadir and roll tilts the lens sideways; only of makers who write them so."""
    gimbal = read_still(still(tmp_path / "a.jpg", make=make, xmp=pix4d(*angles)))[0].gimbal
    if lens is None:
        assert gimbal is None
        return
    assert gimbal is not None
    wanted = Attitude(yaw_deg=lens[0], pitch_deg=lens[1], roll_deg=lens[2])
    assert np.allclose(enu_from_frd(gimbal), enu_from_frd(wanted), atol=1e-6)


@pytest.mark.parametrize(("reference", "yaw_deg"), [("T", 123.5), ("M", None)])
def test_a_true_direction_of_the_picture_completes_a_pitch(
    reference: str, yaw_deg: float | None, tmp_path: Path
) -> None:
    """Where XMP lacks the yaw; a magnetic direction is not taken for it."""
    gps = {ExifTags.GPS.GPSImgDirectionRef: reference, ExifTags.GPS.GPSImgDirection: 123.5}
    xmp = XMP.replace(b'drone-dji:GimbalYawDegree="+93.50"', b"")
    gimbal = read_still(still(tmp_path / "a.jpg", xmp=xmp, gps=gps))[0].gimbal  # type: ignore[arg-type]  # a table
    assert (gimbal.yaw_deg if gimbal else None) == yaw_deg


@pytest.mark.parametrize(
    "xmp",
    [
        XMP.replace(b"drone-dji:CamReverse", b'drone-dji:GpsLatitude="0.0" drone-dji:GpsLongitude="0.0" drone-dji:C'),
        XMP.replace(b"drone-dji:CamReverse", b'drone-dji:GpsLatitude="95" drone-dji:GpsLongitude="1" drone-dji:C'),
    ],
)
def test_a_place_that_is_none_is_a_fault_wherever_it_is_stated(xmp: bytes, tmp_path: Path) -> None:
    """Zeros and impossible numbers in XMP are refused as those in EXIF are."""
    with pytest.raises(TelemetryError, match=r"no satellite fix|no place"):
        read_still(still(tmp_path / "a.jpg", xmp=xmp))


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
