"""Registers as TOML in the site's folder, the weather command, and captures joined to frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flights.telemetry.log import Capture, TelemetryLog
from flows.captures import write_captures
from flows.registers import (
    current_approval,
    enter_weather,
    entered_weather,
    read_pilots,
    registered_aircraft,
    site_now_s,
)  # fmt: skip
from flows.site_folder import init_rendered_site
from geofences.attitude import Attitude
from pipeline.errors import BadInput
from pipeline.sources.media import ClipFacts

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.site import Site

PILOTS = """
[[pilot]]
name = "Li Wei"
licence = "CAAC-1"
licence_valid_until = 2027-01-01T00:00:00+08:00
duty = [{ start = 2026-11-02T08:00:00+08:00, end = 2026-11-02T18:00:00+08:00 }]

[[pilot]]
name = "Zhang Min"
licence = "CAAC-2"
"""
APPROVAL = """
[[approval]]
number = "{number}"
max_height_agl_m = 60
outline_lonlat = [[120.0, 30.0], [121.0, 30.0], [121.0, 31.0]{last}]
valid_from = {year}-01-01T00:00:00+08:00
valid_until = {year}-12-31T00:00:00+08:00
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A rendered site."""
    return init_rendered_site(tmp_path_factory.mktemp("registers") / "site", seed=3)


def test_site_toml_alone_is_a_register_of_one(site: Site) -> None:
    """Pilot, aircraft, approval and weather as the site states them, fit for its patrol."""
    at_s = site_now_s(site)
    (pilot,) = read_pilots(site)
    assert pilot.on_duty(at_s)
    assert pilot.licensed(at_s)
    aircraft, approval, weather = registered_aircraft(site), current_approval(site, at_s), entered_weather(site)
    assert aircraft is not None
    assert aircraft.remote_id == "DEMO-RID-0001"
    assert approval is not None
    assert approval.number == "DEMO-2026-1102"
    assert weather is not None
    assert weather.entered_s == at_s


def test_files_go_before_site_toml(site: Site) -> None:
    """Pilots with their roster; the approval that is valid now; the aircraft by its id; weather entered just now."""
    (site.folder / "pilots.toml").write_text(PILOTS, encoding="utf-8")
    texts = [
        APPROVAL.format(number="old", year=2025, last=", [120.0, 31.0]"),
        APPROVAL.format(number="now", year=2026, last=", [120.0, 31.0]"),
    ]
    (site.folder / "approvals.toml").write_text("".join(texts), encoding="utf-8")
    (site.folder / "aircraft.toml").write_text(
        '[[aircraft]]\nid = "other"\nregistration = "X"\nremote_id = "X"\n'
        '[[aircraft]]\nid = "uav-01"\nregistration = "UAS7"\nremote_id = "RID7"\n',
        encoding="utf-8",
    )
    enter_weather(site.folder, wind_m_s=4, gust_m_s=6, visibility_m=5000, wet=False, by="Li Wei")
    on_duty, other = read_pilots(site)
    assert on_duty.on_duty(site_now_s(site))
    assert not other.on_duty(site_now_s(site))
    assert not other.licensed(site_now_s(site))
    aircraft, approval, weather = (
        registered_aircraft(site),
        current_approval(site, site_now_s(site)),
        entered_weather(site),
    )
    assert aircraft is not None
    assert (aircraft.registration, aircraft.remote_id) == ("UAS7", "RID7")
    assert approval is not None
    assert approval.number == "now"
    assert weather is not None
    assert (weather.entered_by, weather.wind_m_s) == ("Li Wei", 4)
    (site.folder / "pilots.toml").write_text("[[pilot]]\nname = 'A'\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"pilots\.toml: pilot\.0\.licence"):
        read_pilots(site)


def test_each_capture_has_its_frame(tmp_path: Path) -> None:
    """By the video's own start; one before it has none."""
    level = Attitude(yaw_deg=10.0, pitch_deg=0.0, roll_deg=0.0)
    shots = tuple(
        Capture(row=n, index=n, at_s=99.0 + n, lat_deg=30.0, lon_deg=120.0, alt_amsl_m=36.0, attitude=level)
        for n in range(3)
    )
    log = TelemetryLog(source="f", format="flight-log", rows=(), faults=(), assumptions=(), captures=shots)
    video = ClipFacts(size_px=(64, 48), duration_s=10.0, rate_hz=8.0, codec="h264", created_s=100.0)
    assert write_captures(tmp_path, log, video, timezone="Asia/Shanghai") == 3
    lines = (tmp_path / "captures.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[8] for line in lines[1:]] == ["", "0", "8"]
