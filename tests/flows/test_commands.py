"""The small commands do what their help says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

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
