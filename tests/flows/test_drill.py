"""Drills (演练), and when a key is used up."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
import tomli_w

from flights.errors import NotReleased
from flights.recorder import FlightRecorder
from flows import work
from flows.assembly import open_store, open_vault
from flows.errors import AirspaceBusy
from flows.one_flight import alone, claim_key, key_is_free
from flows.planning import LOG, Errand
from flows.site_folder import init_rendered_site
from flows.sortie import FlightRequest, has_started
from pipeline.site import Aircraft, PatrolSettings, Site, read_site

if TYPE_CHECKING:
    from pathlib import Path


def changed(site: Site, **changes: object) -> Site:
    """The site with other settings."""
    kept = site.settings.model_copy(update={"camera": (), **changes})
    text = tomli_w.dumps(kept.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
    (site.folder / "site.toml").write_text(text, encoding="utf-8")
    return read_site(site.folder)


def test_a_key_that_nobody_released_is_not_used_up(tmp_path: Path) -> None:
    """Without a pilot nothing flies and the key stays free; one that a flight has taken stays taken."""
    site = changed(init_rendered_site(tmp_path / "site", seed=3), patrol=PatrolSettings())
    asked = FlightRequest(errand=Errand(zone_id="patrol"), now_s=0.0)
    for _ in range(2):
        with pytest.raises(NotReleased):
            work.patrol(site, asked, key="today", say=lambda _: None)
    assert claim_key(site, "today", "a") == ""
    assert "a: was asked for under this key" in work.patrol(site, asked, key="today")


def test_a_key_is_used_up_once_motors_were_asked_to_start(tmp_path: Path) -> None:
    """Whatever refuses a flight before that leaves it free; the log tells."""
    site = init_rendered_site(tmp_path / "site", seed=3)
    asked = FlightRequest(errand=Errand(zone_id="patrol"), sortie_id="first", now_s=0.0)
    with alone(site), pytest.raises(AirspaceBusy):
        work.patrol(site, asked, key="today", say=lambda _: None)
    assert key_is_free(site, "today")
    assert not has_started(site, "first")
    with FlightRecorder(site.flights_folder / "first" / LOG, flight_id="first") as recorder:
        for state, started in (("preflight", False), ("arming", True)):
            recorder.event("state", state, at_s=None)
            assert has_started(site, "first") == started


@pytest.mark.peers
def test_a_drill_is_flown_and_examined_marked_and_never_sent(tmp_path: Path) -> None:
    """Name, log, record, cases, manifests say so; no real case comes of it, and nothing waits to be sent."""
    site = init_rendered_site(tmp_path / "site", seed=311)
    aircraft = site.settings.aircraft
    assert isinstance(aircraft, Aircraft)
    site = changed(site, aircraft=aircraft.model_copy(update={"look_hz": 1.0}))
    said: list[str] = []
    asked = FlightRequest(errand=Errand(zone_id="patrol"), now_s=time.time(), time_speed=8.0, drill=True)
    told = work.patrol(site, asked, say=said.append)
    name = told.partition(":")[0]
    assert name.startswith("drill-patrol-")
    folder = site.flights_folder / name
    assert json.loads((folder / "record.json").read_text(encoding="utf-8"))["drill"] is True
    assert json.loads((folder / "flight.jsonl").read_text(encoding="utf-8").partition("\n")[0])["drill"] is True
    store, vault = open_store(site), open_vault(site)
    try:
        cases = store.cases()
        assert cases, told
        assert all(case.drill for case in cases)
        sealed = [finding.manifest_sha256 for case in cases for finding in case.findings]
        assert all(json.loads(vault.get(sha256))["drill"] is True for sha256 in sealed)
        assert store.outbox.pending(now_s=4e9) == ()
    finally:
        store.close()
