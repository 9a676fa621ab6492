"""Courses as DJI KMZ files: wpmz/template.kml and wpmz/waylines.wpml in a zip, as Pilot 2, FlightHub and docks read.

WPML holds no fence: the dock's own geofence must be set beside it. Heights are above the take-off point.
Source: DJI Cloud API, "DJI WPML", template.kml, waylines.wpml and common elements, version 1.0.2.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from flights.course import Course, Mark
from flights.course_kml import KML, add, read_xml
from flights.errors import PlanUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

WPML = "{http://www.dji.com/wpmz/1.0.2}"
ET.register_namespace("wpml", WPML[1:-1])
TEMPLATE, WAYLINES = "wpmz/template.kml", "wpmz/waylines.wpml"
MAX_BYTES = 20_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's earliest date: the same course gives the same bytes
_STOP = "toPointAndStopWithDiscontinuityCurvature"


@dataclass(frozen=True, slots=True, kw_only=True)
class DjiModel:
    """Numbers of an aircraft and its camera, as DJI's "Product Support" page lists them; Matrice 3D of Dock 2."""

    drone: int = 91
    drone_sub: int = 0
    payload: int = 80


def format_course(course: Course, model: DjiModel | None = None) -> bytes:
    """A course as a KMZ file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as kmz:
        for name, executable in ((TEMPLATE, False), (WAYLINES, True)):
            content = _document(course, model or DjiModel(), executable=executable)
            kmz.writestr(zipfile.ZipInfo(name, date_time=_EPOCH), content)
    return archive.getvalue()


def parse_course(path: str, content: bytes) -> Course:
    """A course of a KMZ file's bytes; of several waylines only a file with one is read.

    Raises:
        PlanUnreadable: it is no such file, or it holds what would be lost.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as kmz:
            if any(kmz.getinfo(name).file_size > MAX_BYTES for name in (TEMPLATE, WAYLINES)):
                raise _unreadable(path, "zip", "it unpacks to more than a plan holds")
            template, waylines = read_xml(path, kmz.read(TEMPLATE)), read_xml(path, kmz.read(WAYLINES))
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _unreadable(path, "zip", str(error)) from error
    folders = list(waylines.iter(f"{KML}Folder"))
    if len(folders) != 1:
        raise _unreadable(path, "Folder", f"it has {len(folders)} waylines")
    (folder,) = folders
    try:
        if _text(folder, "executeHeightMode") != "relativeToStartPoint":
            raise _unreadable(path, "executeHeightMode", "heights are not above the take-off point")
        home_lat, home_lon, home_alt = map(float, _text(template, "takeOffRefPoint").split(","))
        return Course(
            home_lat_deg=home_lat, home_lon_deg=home_lon, home_alt_amsl_m=home_alt, marks=_marks(folder),
            speed_m_s=float(_text(folder, "autoFlightSpeed")),
            gimbal_pitch_deg=float(_text(folder, "gimbalPitchRotateAngle")),
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise _unreadable(path, "WPML", f"{type(error).__name__}: {error}") from error


def _document(course: Course, model: DjiModel, *, executable: bool) -> bytes:
    root = ET.Element(f"{KML}kml")
    document = add(root, f"{KML}Document")
    config = add(document, f"{WPML}missionConfig")
    height_m = course.marks[0].height_home_m
    home = {"takeOffRefPoint": f"{course.home_lat_deg:.9f},{course.home_lon_deg:.9f},{course.home_alt_amsl_m:.4f}"}
    _texts(
        config,
        {
            "flyToWaylineMode": "safely", "finishAction": "goHome", "exitOnRCLost": "executeLostAction",
            "executeRCLostAction": "goBack", "takeOffSecurityHeight": f"{min(max(height_m, 1.2), 1500):.2f}",
            **({} if executable else home), "globalTransitionalSpeed": f"{course.speed_m_s:.4f}",
        },
    )  # fmt: skip
    drone, payload = add(config, f"{WPML}droneInfo"), add(config, f"{WPML}payloadInfo")
    _texts(drone, {"droneEnumValue": str(model.drone), "droneSubEnumValue": str(model.drone_sub)})
    _texts(payload, {"payloadEnumValue": str(model.payload), "payloadPositionIndex": "0"})
    folder = add(document, f"{KML}Folder")
    head = (
        {"executeHeightMode": "relativeToStartPoint", "waylineId": "0"} if executable else {"templateType": "waypoint"}
    )
    _texts(folder, {"templateId": "0", **head, "autoFlightSpeed": f"{course.speed_m_s:.4f}"})
    if not executable:
        _template_rules(folder, height_m)
    groups = _action_groups(course)
    for index, mark in enumerate(course.marks):
        placemark = add(folder, f"{KML}Placemark")
        add(add(placemark, f"{KML}Point"), f"{KML}coordinates", f"{mark.lon_deg:.9f},{mark.lat_deg:.9f}")
        height = {"executeHeight": f"{mark.height_home_m:.4f}"}
        if not executable:
            height = {"ellipsoidHeight": height["executeHeight"], "height": height["executeHeight"]}
        _texts(placemark, {"index": str(index), **height, "waypointSpeed": f"{course.speed_m_s:.4f}"})
        _texts(add(placemark, f"{WPML}waypointHeadingParam"), {"waypointHeadingMode": "followWayline"})
        turn = add(placemark, f"{WPML}waypointTurnParam")
        _texts(turn, {"waypointTurnMode": _STOP, "waypointTurnDampingDist": "0"})
        _texts(placemark, {"useStraightLine": "1"})
        placemark.extend(groups.get(index, ()))
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _template_rules(folder: ET.Element, height_m: float) -> None:
    datum = add(folder, f"{WPML}waylineCoordinateSysParam")
    _texts(datum, {"coordinateMode": "WGS84", "heightMode": "relativeToStartPoint"})
    _texts(folder, {"gimbalPitchMode": "manual", "globalWaypointTurnMode": _STOP, "globalUseStraightLine": "1"})
    _texts(add(folder, f"{WPML}globalWaypointHeadingParam"), {"waypointHeadingMode": "followWayline"})
    _texts(folder, {"globalHeight": f"{height_m:.4f}"})


def _action_groups(course: Course) -> dict[int, list[ET.Element]]:
    """By waypoint: the lens pointed at the first, and pictures by distance from each strip's start to its end."""
    point = {
        "gimbalRotateMode": "absoluteAngle", "gimbalPitchRotateEnable": "1",
        "gimbalPitchRotateAngle": f"{course.gimbal_pitch_deg:.4f}", "gimbalRollRotateEnable": "0",
        "gimbalRollRotateAngle": "0", "gimbalYawRotateEnable": "0", "gimbalYawRotateAngle": "0",
        "gimbalRotateTimeEnable": "0", "gimbalRotateTime": "0", "payloadPositionIndex": "0",
    }  # fmt: skip
    groups = {0: [_group(0, 0, 0, {"actionTriggerType": "reachPoint"}, "gimbalRotate", point)]}
    triggers = [0.0, *(mark.trigger_m for mark in course.marks)]
    changes = [i for i, (before, after) in enumerate(pairwise(triggers)) if before != after]
    for number, (start, end) in enumerate(pairwise([*changes, len(course.marks) - 1]), start=1):
        trigger_m = course.marks[start].trigger_m
        if trigger_m > 0:
            when = {"actionTriggerType": "multipleDistance", "actionTriggerParam": f"{trigger_m:.4f}"}
            photo = {"fileSuffix": "", "payloadPositionIndex": "0", "useGlobalPayloadLensIndex": "1"}
            groups.setdefault(start, []).append(_group(number, start, end, when, "takePhoto", photo))
    return groups


def _group(
    number: int, start: int, end: int, when: Mapping[str, str], action: str, parameters: Mapping[str, str]
) -> ET.Element:
    group = ET.Element(f"{WPML}actionGroup")
    span = {"actionGroupId": str(number), "actionGroupStartIndex": str(start), "actionGroupEndIndex": str(end)}
    _texts(group, {**span, "actionGroupMode": "sequence"})
    _texts(add(group, f"{WPML}actionTrigger"), when)
    act = add(group, f"{WPML}action")
    _texts(act, {"actionId": "0", "actionActuatorFunc": action})
    _texts(add(act, f"{WPML}actionActuatorFuncParam"), parameters)
    return group


def _marks(folder: ET.Element) -> tuple[Mark, ...]:
    placemarks = sorted(folder.iter(f"{KML}Placemark"), key=lambda one: int(_text(one, "index")))
    triggers = [0.0] * len(placemarks)
    for group in folder.iter(f"{WPML}actionGroup"):
        kind = _text(group, "actionTriggerType")
        if kind == "multipleDistance":
            start, end = int(_text(group, "actionGroupStartIndex")), int(_text(group, "actionGroupEndIndex"))
            if not 0 <= start < end < len(placemarks):
                raise ValueError(f"pictures from waypoint {start} to {end} of {len(placemarks)}")
            triggers[start:end] = [float(_text(group, "actionTriggerParam"))] * (end - start)
        elif kind != "reachPoint":
            raise ValueError(f"an action is triggered by {kind}, which is not known here")
    marks = []
    for placemark, trigger_m in zip(placemarks, triggers, strict=True):
        lon, lat = (placemark.findtext(f"{KML}Point/{KML}coordinates") or "").split(",")[:2]
        height_m = float(_text(placemark, "executeHeight"))
        marks.append(Mark(lat_deg=float(lat), lon_deg=float(lon), height_home_m=height_m, trigger_m=trigger_m))
    return tuple(marks)


def _texts(parent: ET.Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        add(parent, f"{WPML}{name}", text)


def _text(parent: ET.Element, name: str) -> str:
    found = next(parent.iter(f"{WPML}{name}"), None)
    if found is None or not found.text:
        raise KeyError(name)
    return found.text.strip()


def _unreadable(path: str, field: str, fault: str) -> PlanUnreadable:
    return PlanUnreadable(path=path, field=field, fault=fault, remedy="Export a single waypoint route again.")
