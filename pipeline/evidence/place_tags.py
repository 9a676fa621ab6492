"""EXIF of pictures that leave the house: where, when and by which camera the offence was seen, and how surely.

The position is that of the offence, not the camera's. The tags go in front of the picture's own bytes, which stay as
they are. Source: CIPA DC-008-2023 (Exif 3.0), 4.6.5 and 4.6.6.
"""

from __future__ import annotations

from datetime import UTC, datetime

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

_START, _APP1 = b"\xff\xd8", b"\xff\xe1"
_PER_SECOND = 100_000  # parts of a second of arc: 0.3 mm


def with_place(jpeg: bytes, *, lat_deg: float, lon_deg: float, error_m: float, at_s: float, camera: str) -> bytes:
    """The same JPEG with EXIF; the same arguments give the same bytes.

    Args:
        jpeg: without EXIF.
        lat_deg: of the offence, WGS 84.
        lon_deg: likewise.
        error_m: semi-major axis of its 95 % ellipse.
        at_s: UTC of the picture.
        camera: its name; letters outside ASCII as UTF-8.
    """
    at = datetime.fromtimestamp(at_s, UTC)
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = camera.encode()
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: at.strftime("%Y:%m:%d %H:%M:%S"),
            ExifTags.Base.OffsetTimeOriginal: "+00:00",
            ExifTags.Base.SubsecTimeOriginal: f"{at.microsecond // 1000:03d}",
        }
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSVersionID: b"\x02\x04\x00\x00",
            ExifTags.GPS.GPSLatitudeRef: "S" if lat_deg < 0 else "N",
            ExifTags.GPS.GPSLatitude: _sexagesimal(lat_deg),
            ExifTags.GPS.GPSLongitudeRef: "W" if lon_deg < 0 else "E",
            ExifTags.GPS.GPSLongitude: _sexagesimal(lon_deg),
            ExifTags.GPS.GPSMapDatum: "WGS-84",
            ExifTags.GPS.GPSHPositioningError: IFDRational(round(error_m * 100), 100),
        }
    )
    tags = exif.tobytes()
    return _START + _APP1 + (len(tags) + 2).to_bytes(2, "big") + tags + jpeg.removeprefix(_START)


def _sexagesimal(angle_deg: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    minutes, parts = divmod(round(abs(angle_deg) * 3600 * _PER_SECOND), 60 * _PER_SECOND)
    degrees, minutes = divmod(minutes, 60)
    return IFDRational(degrees, 1), IFDRational(minutes, 1), IFDRational(parts, _PER_SECOND)
