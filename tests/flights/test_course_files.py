"""Plans as files of other programs: what is written is read back, and what cannot be read is named."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from flights.course import Course, Mark, course_of, plan_of_course
from flights.course_files import SUFFIXES, read_course, write_course
from flights.errors import PlanRefused, PlanUnreadable
from flights.survey_plan import WaypointKind
from flights.survey_request import SurveyRequest

if TYPE_CHECKING:
    from pathlib import Path

    from flights.survey_plan import SurveyPlan
    from geofences.camera import Camera
    from geofences.position import Geodetic

SEPARATION_M = 9.4


def numbers(course: Course) -> list[float]:
    """Everything a file holds of a course but its areas."""
    marks = [(m.lat_deg, m.lon_deg, m.height_home_m, m.trigger_m) for m in course.marks]
    home = (course.home_lat_deg, course.home_lon_deg, course.home_alt_amsl_m)
    return [*home, course.speed_m_s, course.gimbal_pitch_deg, *(value for mark in marks for value in mark)]


def rounded(value: float, digits: int) -> float:
    """Hypothesis draws more digits than a file holds."""
    return round(value, digits)


MARKS = st.builds(
    Mark,
    lat_deg=st.floats(-80, 80).map(lambda v: rounded(v, 9)),
    lon_deg=st.floats(-179, 179).map(lambda v: rounded(v, 9)),
    height_home_m=st.floats(-20, 120).map(lambda v: rounded(v, 4)),
    trigger_m=st.sampled_from([0.0, 0.0, 7.5, 12.25]),
)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    marks=st.lists(MARKS, min_size=1, max_size=8),
    speed_m_s=st.floats(0.5, 20).map(lambda v: rounded(v, 4)),
    pitch_deg=st.floats(-90, -20).map(lambda v: rounded(v, 4)),
    corner=st.tuples(st.floats(-170, 170), st.floats(-70, 70)),
    areas=st.integers(0, 3),
)
def test_what_is_written_is_read_back(
    suffix: str,
    marks: list[Mark],
    speed_m_s: float,
    pitch_deg: float,
    corner: tuple[float, float],
    areas: int,
    tmp_path: Path,
) -> None:
    """Any course, in each format; a nanodegree is a tenth of a millimetre."""
    lon, lat = corner
    course = Course(
        home_lat_deg=12.5, home_lon_deg=-7.25, home_alt_amsl_m=31.5, speed_m_s=speed_m_s, gimbal_pitch_deg=pitch_deg,
        marks=(replace(marks[0], trigger_m=0.0), *marks, replace(marks[-1], trigger_m=0.0)),
        fence=box(lon, lat, lon + 2, lat + 2) if areas else None,
        no_fly=tuple(box(lon + i, lat, lon + i + 0.5, lat + 0.5) for i in range(areas)),
    )  # fmt: skip
    path = tmp_path / f"plan{suffix}"
    write_course(path, course)
    again = read_course(path)
    assert numbers(again) == pytest.approx(numbers(course), abs=2e-4)
    assert [m.lat_deg for m in again.marks] == pytest.approx([m.lat_deg for m in course.marks], abs=2e-9)
    if suffix != ".kmz":  # DJI's files hold no fence
        assert (again.fence is None) == (course.fence is None)
        assert all(a.equals_exact(b, 1e-8) for a, b in zip(again.no_fly, course.no_fly, strict=True))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_plan_comes_back_as_it_was_planned(
    suffix: str, plan: SurveyPlan, camera: Camera, home: Geodetic, tmp_path: Path
) -> None:
    """Kinds, strips, length and coverage; the trigger is off at every strip's end."""
    path = tmp_path / f"plan{suffix}"
    write_course(path, course_of(plan, geoid_separation_m=SEPARATION_M))
    wish = SurveyRequest(
        zone_id="z", outline=plan.outline, airspace=plan.airspace, home=home, height_agl_m=30.0, camera=camera
    )
    again = plan_of_course(read_course(path), wish, geoid_separation_m=SEPARATION_M)
    assert [(w.kind, w.strip) for w in again.waypoints] == [(w.kind, w.strip) for w in plan.waypoints]
    assert again.length_m == pytest.approx(plan.length_m, abs=0.01)
    assert again.coverage_share == pytest.approx(plan.coverage_share, abs=1e-4)
    assert again.images == plan.images
    assert all((w.trigger_m > 0) == (w.kind is WaypointKind.STRIP_START) for w in again.waypoints)


def test_a_course_of_130_metres_is_refused(plan: SurveyPlan, camera: Camera, home: Geodetic) -> None:
    """A file is judged like any plan: an item above the limit is named before anything is sent."""
    course = course_of(plan, geoid_separation_m=SEPARATION_M)
    marks = list(course.marks)
    marks[2] = replace(marks[2], height_home_m=130.0)
    wish = SurveyRequest(
        zone_id="z", outline=plan.outline, airspace=plan.airspace, home=home, height_agl_m=30.0, camera=camera
    )
    with pytest.raises(PlanRefused, match="allowed 10 to 120"):
        plan_of_course(replace(course, marks=tuple(marks)), wish, geoid_separation_m=SEPARATION_M)


def qgc(**changes: object) -> bytes:
    """A minimal .plan file."""
    item = {"type": "SimpleItem", "command": 16, "frame": 3, "params": [0, 0, 0, 0, 30.0, 120.0, 40], "autoContinue": 1}
    mission: dict[str, object] = {"hoverSpeed": 5, "plannedHomePosition": [30.0, 120.0, 5.0], "items": [item, item]}
    fence: dict[str, object] = {"circles": [], "polygons": []}
    mission |= {key: value for key, value in changes.items() if key in mission}
    fence |= {key: value for key, value in changes.items() if key in fence}
    return json.dumps({"fileType": "Plan", "mission": mission, "geoFence": fence}).encode()


def kmz(**files: bytes) -> bytes:
    """A zip."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        for name, content in files.items():
            made.writestr(f"wpmz/{name.replace('_', '.')}", content)
    return archive.getvalue()


TWO_CORNERS = [{"inclusion": True, "polygon": [[30.0, 120.0], [30.1, 120.0]]}]
BAD = {
    "no json": ("a.plan", b"{", "JSON"),
    "a list": ("a.plan", b"[]", "JSON"),
    "two corners": ("a.plan", qgc(polygons=TWO_CORNERS), "2 corners"),
    "circle": ("a.plan", qgc(circles=[{}]), "circle"),
    "complex item": ("a.plan", qgc(items=[{"type": "ComplexItem", "complexItemType": "survey"}]), "survey"),
    "unknown command": ("a.plan", qgc(items=[{"type": "SimpleItem", "command": 93, "params": [0]}]), "command 93"),
    "height over sea": (
        "a.plan", qgc(items=[{"type": "SimpleItem", "command": 16, "frame": 0, "params": [0] * 7}]), "above home",
    ),
    "one waypoint": ("a.plan", qgc(items=[]), "at least two"),
    "no route": ("a.geojson", b'{"features": []}', "one feature of role route"),
    "no xml": ("a.kml", b"<kml", "XML"),
    "entities": ("a.kml", b'<!DOCTYPE a [<!ENTITY b "c">]><kml>&b;</kml>', "XML"),
    "no zip": ("a.kmz", b"PK", "zip"),
    "no waylines": ("a.kmz", kmz(template_kml=b"<a/>"), "zip"),
    "empty waylines": ("a.kmz", kmz(template_kml=b"<a/>", waylines_wpml=b"<a/>"), "0 waylines"),
    "suffix": ("a.txt", b"", "no plan format"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_cannot_be_read_whole_is_named(case: str, tmp_path: Path) -> None:
    """The fault, the field and the remedy; nothing of the file is used."""
    name, content, fault = BAD[case]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PlanUnreadable, match=fault) as refused:
        read_course(path)
    assert refused.value.remedy


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(PlanUnreadable, match=r"gone\.plan"):
        read_course(tmp_path / "gone.plan")


def test_dji_files_say_what_dji_reads(plan: SurveyPlan, tmp_path: Path) -> None:
    """Two documents in wpmz, pictures by distance on each strip, heights above the take-off point."""
    path = tmp_path / "plan.kmz"
    write_course(path, course_of(plan, geoid_separation_m=SEPARATION_M))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["wpmz/template.kml", "wpmz/waylines.wpml"]
        waylines = archive.read("wpmz/waylines.wpml").decode()
    strips = sum(w.kind is WaypointKind.STRIP_START for w in plan.waypoints)
    assert waylines.count("multipleDistance") == waylines.count("takePhoto") == strips
    assert "relativeToStartPoint" in waylines
    assert 'xmlns:wpml="http://www.dji.com/wpmz/1.0.2"' in waylines
    assert isinstance(plan.airspace, Polygon)
