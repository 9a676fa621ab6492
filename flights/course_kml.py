"""Courses as KML 2.2 (OGC 07-147r2): the route as a line at its height above sea level, fence and no-fly areas."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from defusedxml import DefusedXmlException, ElementTree  # type: ignore[import-untyped]  # it ships no stubs

from flights.course import Course, Mark, ring_polygon
from flights.errors import PlanUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

KML = "{http://www.opengis.net/kml/2.2}"
ET.register_namespace("", KML[1:-1])


def format_course(course: Course) -> bytes:
    """A course as a KML document."""
    root = ET.Element(f"{KML}kml")
    document = add(root, f"{KML}Document")
    route = add(document, f"{KML}Placemark")
    add(route, f"{KML}name", "route")
    said = add(route, f"{KML}ExtendedData")
    facts = {
        "home": f"{course.home_lat_deg:.9f} {course.home_lon_deg:.9f} {course.home_alt_amsl_m:.4f}",
        "speed_m_s": f"{course.speed_m_s:.4f}",
        "gimbal_pitch_deg": f"{course.gimbal_pitch_deg:.4f}",
        "triggers_m": " ".join(f"{mark.trigger_m:.4f}" for mark in course.marks),
    }
    for name, value in facts.items():
        add(add(said, f"{KML}Data", name=name), f"{KML}value", value)
    line = add(route, f"{KML}LineString")
    add(line, f"{KML}altitudeMode", "absolute")
    places = ((mark.lon_deg, mark.lat_deg, course.home_alt_amsl_m + mark.height_home_m) for mark in course.marks)
    add(line, f"{KML}coordinates", _coordinates(places))
    fences = [("fence", course.fence)] if course.fence else []
    for name, area in (*fences, *(("no_fly", area) for area in course.no_fly)):
        placemark = add(document, f"{KML}Placemark")
        add(placemark, f"{KML}name", name)
        ring = add(add(add(placemark, f"{KML}Polygon"), f"{KML}outerBoundaryIs"), f"{KML}LinearRing")
        add(ring, f"{KML}coordinates", _coordinates((at[0], at[1], 0.0) for at in area.exterior.coords))
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def parse_course(path: str, content: bytes) -> Course:
    """A course of a KML document's bytes.

    Raises:
        PlanUnreadable: it is no XML, an unsafe one, or none that was written here.
    """
    root = read_xml(path, content)
    named = [(mark.findtext(f"{KML}name", ""), mark) for mark in root.iter(f"{KML}Placemark")]
    try:
        (route,) = (mark for name, mark in named if name == "route")
        said = {str(data.get("name")): data.findtext(f"{KML}value", "") for data in route.iter(f"{KML}Data")}
        home_lat, home_lon, home_alt = map(float, said["home"].split())
        triggers = map(float, said["triggers_m"].split())
        marks = tuple(
            Mark(lat_deg=lat, lon_deg=lon, height_home_m=alt - home_alt, trigger_m=trigger)
            for (lon, lat, alt), trigger in zip(_places(route), triggers, strict=True)
        )
        rings = [
            (name, ring_polygon(path, [at[:2] for at in _places(mark)], field=name))
            for name, mark in named
            if name != "route"
        ]
        fences = [area for name, area in rings if name == "fence"]
        return Course(
            home_lat_deg=home_lat, home_lon_deg=home_lon, home_alt_amsl_m=home_alt, marks=marks,
            speed_m_s=float(said["speed_m_s"]), gimbal_pitch_deg=float(said["gimbal_pitch_deg"]),
            fence=fences[0] if fences else None, no_fly=tuple(area for name, area in rings if name == "no_fly"),
        )  # fmt: skip
    except (ValueError, KeyError) as error:
        raise PlanUnreadable(
            path=path, field="KML", fault=f"{type(error).__name__}: {error}",
            remedy="It takes one Placemark named route, as `offsite patrol plan --out` writes it.",
        ) from error  # fmt: skip


def read_xml(path: str, content: bytes) -> ET.Element:
    """The root of an XML document; one with entities is refused.

    Raises:
        PlanUnreadable: it is no XML, or an unsafe one.
    """
    try:
        root: ET.Element = ElementTree.fromstring(content)
    except (ET.ParseError, DefusedXmlException, ValueError) as error:
        raise PlanUnreadable(path=path, field="XML", fault=str(error), remedy="Export the plan again.") from error
    return root


def add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    """A new child."""
    child = ET.SubElement(parent, tag, attributes)
    child.text = text
    return child


def _coordinates(places: Iterable[tuple[float, float, float]]) -> str:
    return " ".join(f"{lon:.9f},{lat:.9f},{alt:.4f}" for lon, lat, alt in places)


def _places(placemark: ET.Element) -> list[tuple[float, float, float]]:
    """Longitude, latitude, height of each position."""
    text = next((element.text or "" for element in placemark.iter(f"{KML}coordinates")), "")
    rows = [[float(number) for number in position.split(",")] for position in text.split()]
    return [(lon, lat, alt) for lon, lat, alt in rows]
