"""Course files by their suffix: QGroundControl .plan, GeoJSON, KML, and DJI's KMZ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flights import course_geojson, course_kml, course_qgc, course_wpml
from flights.course import checked_course
from flights.errors import PlanUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from flights.course import Course

_FORMATS = {".plan": course_qgc, ".geojson": course_geojson, ".kml": course_kml, ".kmz": course_wpml}
SUFFIXES = tuple(_FORMATS)
MAX_BYTES = 20_000_000


def write_course(path: Path, course: Course) -> None:
    """Write a course in the format its file's suffix names.

    Raises:
        PlanUnreadable: no such format.
    """
    _format(path)
    path.write_bytes(_FORMATS[path.suffix.lower()].format_course(course))


def read_course(path: Path) -> Course:
    """Read a course in the format its file's suffix names.

    Raises:
        PlanUnreadable: no such format, or the file cannot be read whole.
    """
    _format(path)
    try:
        size, content = path.stat().st_size, b""
        if size <= MAX_BYTES:
            content = path.read_bytes()
    except OSError as error:
        raise PlanUnreadable(path=str(path), field="file", fault=str(error), remedy="Check the path.") from error
    if size > MAX_BYTES:
        raise PlanUnreadable(path=str(path), field="file", fault=f"{size} bytes", remedy="Is this a plan at all?")
    return checked_course(str(path), _FORMATS[path.suffix.lower()].parse_course(str(path), content))


def _format(path: Path) -> None:
    if path.suffix.lower() not in _FORMATS:
        raise PlanUnreadable(
            path=str(path), field="suffix", fault=f"{path.suffix or 'none'} is no plan format known here",
            remedy=f"Use one of {', '.join(SUFFIXES)}.",
        )  # fmt: skip
