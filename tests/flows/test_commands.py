"""The small commands do what their help says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from shapely.geometry import mapping, shape

from flows.cli import main
from geofences.datum import Datum, shape_from_wgs84
from geofences.geojson import dump_permits, dump_zones, parse_permits, parse_zones

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object) -> int:
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_a_new_site_passes_the_doctor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`init` makes a site that `doctor`, `zones check` and `cases list` accept; a second `init` there is refused."""
    site = tmp_path / "site"
    assert run("init", site) == 0
    assert run("doctor", "--site", site) == 0
    assert run("zones", "check", site) == 0
    assert run("cases", "list", "--site", site) == 0
    assert run("init", site) == 2
    assert "holds a site already" in capsys.readouterr().err


def test_the_doctor_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a site is exit code 2, with the command that makes one."""
    assert run("doctor", "--site", tmp_path) == 2
    assert "offsite init" in capsys.readouterr().out


def test_a_rendered_site_can_be_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`patrol plan` says what a survey costs and draws it; an unknown zone is named with those there are."""
    site, picture = tmp_path / "site", tmp_path / "plan.png"
    assert run("init", site, "--scene", "7") == 0
    assert run("patrol", "plan", "patrol", "--site", site, "--picture", picture) == 0
    assert picture.stat().st_size > 0
    assert run("patrol", "plan", "elsewhere", "--site", site) == 2
    assert "Patrol zones: patrol" in capsys.readouterr().err


def test_an_unknown_case_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`cases show` of nothing is exit code 2."""
    assert run("init", tmp_path / "site") == 0
    assert run("cases", "show", "C0", "--site", tmp_path / "site") == 2
    assert "C0" in capsys.readouterr().err


def test_a_site_drawn_on_another_map_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rendered site is consistent; with its zones in unstated GCJ-02 `zones check` names file and remedy."""
    site = tmp_path / "site"
    assert run("init", site, "--scene", "7") == 0
    assert run("zones", "check", site) == 0
    assert "looks like" not in capsys.readouterr().out
    for name, parse, dump in (("zones", parse_zones, dump_zones), ("permits", parse_permits, dump_permits)):
        path = site / f"{name}.geojson"
        moved = [
            replace(one, outline=shape_from_wgs84(one.outline, Datum.GCJ02)) for one in parse(path.read_text(), path="")
        ]
        path.write_text(dump(moved))
    assert run("zones", "check", site) == 0
    said = capsys.readouterr().out
    assert "zones.geojson: looks like gcj02" in said
    for path in site.glob("*.geojson"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"datum": "gcj02"}))
    assert run("zones", "check", site) == 0
    assert "looks like" not in capsys.readouterr().out


def test_a_pilot_s_command_is_answered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown flight is exit code 2, a silent one 1 with the reason, and the key is its owner's alone."""
    site = tmp_path / "site"
    assert run("init", site) == 0
    asked = ("patrol", "ask", "pause", "--flight", "F1", "--pilot", "Li Wei", "--site", site)
    assert run(*asked) == 2
    assert "no such flight" in capsys.readouterr().err
    (site / "flights" / "F1").mkdir(parents=True)
    assert run(*asked) == 1
    assert "acquire: refused: flight_silent" in capsys.readouterr().out
    assert (site / "flights" / "F1" / "pilot.key").stat().st_mode & 0o77 == 0


def test_fly_now_needs_a_running_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `offsite up` nothing is asked of anybody, and the remedy is named."""
    assert run("init", tmp_path / "site") == 0
    assert run("patrol", "now", "z", "--site", tmp_path / "site") == 2
    assert "offsite up" in capsys.readouterr().err


def _site(folder: Path, *, battery_wh: float = 260.0, zone: dict[str, object] | None = None) -> Path:
    """A rendered site with another battery, and one more zone about the middle of its patrol area."""
    assert run("init", folder, "--scene", "7") == 0
    settings = folder / "site.toml"
    settings.write_text(settings.read_text().replace("[aircraft]\n", f"[aircraft]\nbattery_wh = {battery_wh}\n"))
    zones = json.loads((folder / "zones.geojson").read_text())
    patrol = next(one for one in zones["features"] if one["properties"]["zone_id"] == "patrol")
    middle = shape(patrol["geometry"]).centroid.buffer(3e-5)
    if zone is not None:
        properties = {"zone_id": "new", "name": "new", **zone}
        zones["features"].append({"type": "Feature", "properties": properties, "geometry": mapping(middle)})
        (folder / "zones.geojson").write_text(json.dumps(zones))
    return folder


def test_a_plan_for_several_batteries_is_several_flights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A small battery makes `patrol plan` say, and write, a flight each."""
    site = _site(tmp_path / "site", battery_wh=22.0)
    assert run("patrol", "plan", "patrol", "--site", site, "--out", tmp_path / "plan.kml") == 0
    assert "flight 2 of 2: " in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.glob("plan*")) == ["plan-1.kml", "plan-2.kml"]


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ({"kind": "obstacle", "height_m": 5}, ""),
        ({"kind": "obstacle", "height_m": 90}, "90 m tall"),
        ({"kind": "obstacle"}, "nan m tall"),
        ({"kind": "obstacle", "height_m": -1}, "height_m"),
        ({"kind": "crowd"}, "home is not at least 5 m inside"),
    ],
)
def test_what_stands_in_a_zone_is_planned_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], zone: dict[str, object], said: str
) -> None:
    """A low obstacle is flown over; a tall one, one of unknown height and a crowd beside home refuse the plan."""
    code = run("patrol", "plan", "patrol", "--site", _site(tmp_path / "site", zone=zone))
    caught = capsys.readouterr()
    assert (code == 0) == (not said)
    assert said in caught.err


@pytest.mark.parametrize(
    ("time", "closed"), [("", True), ("T10:20:00", True), ("T09:50:00", False), ("T11:00:00", False)]
)
def test_a_crowd_closes_when_the_flight_could_be_within_it(tmp_path: Path, time: str, closed: bool) -> None:  # noqa: FBT001 - a table's column
    """The rendered patrol is at 10:00 on a Monday and lasts 37 minutes at most."""
    schedule = {"timezone": "Asia/Shanghai", "windows": [{"days": ["mon"], "from": "10:30", "until": "11:00"}]}
    site = _site(tmp_path / "site", zone={"kind": "crowd", "schedule": schedule})
    at = ("--at", f"2026-11-02{time}+08:00") if time else ()
    assert (run("patrol", "plan", "patrol", "--site", site, *at) != 0) == closed


def test_a_plan_of_another_program_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that was written is accepted again; after a building was entered it is refused."""
    site, plan = _site(tmp_path / "site"), tmp_path / "plan.plan"
    asked = ("patrol", "plan", "patrol", "--site", site, "--in", plan)
    assert run("patrol", "plan", "patrol", "--site", site, "--out", plan) == 0
    assert run(*asked) == 0
    other = _site(tmp_path / "other", zone={"kind": "obstacle", "height_m": 90})
    (other / "zones.geojson").replace(site / "zones.geojson")
    capsys.readouterr()
    assert run(*asked) != 0
    assert "90 m tall" in capsys.readouterr().err


def test_a_street_is_planned_along_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--along` takes a line; a file without one, and a zone beside it, are refused."""
    site, line = _site(tmp_path / "site"), tmp_path / "street.geojson"
    home = [120.13893761450161, 30.3192293837748]
    line.write_text(json.dumps({"type": "LineString", "coordinates": [home, [home[0] + 2e-4, home[1]]]}))
    assert run("patrol", "plan", "--site", site, "--along", line) == 0
    assert "street: " in capsys.readouterr().out
    for command in ("plan", "fly"):
        assert run("patrol", command, "patrol", "--site", site, "--along", line) == 2
    line.write_text(json.dumps({"type": "Point", "coordinates": home}))
    assert run("patrol", "plan", "--site", site, "--along", line) == 2
    assert "is no LineString" in capsys.readouterr().err


def test_no_case_no_way_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--case` of nothing names the case; with a zone beside it the command is refused."""
    site = _site(tmp_path / "site")
    assert run("patrol", "plan", "--case", "C0", "--site", site) == 2
    assert run("patrol", "fly", "--case", "C0", "--site", site) == 2
    assert "C0" in capsys.readouterr().err
    assert run("patrol", "plan", "patrol", "--case", "C0", "--site", site) == 2
