"""Patrols under the real Prefect: what failed to fly is not flown again, a key flies once, one flight at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import tomli_w

from flights.airspace import airspace_claim
from flows.children import Child
from flows.errors import AirspaceBusy
from flows.one_flight import alone, claim_key, volumes
from flows.orchestrator import prefect_server
from flows.planning import Errand, plan_errand
from flows.prefect_flows import SLOT_WAIT_S
from flows.registers import site_now_s
from flows.site_folder import init_rendered_site
from flows.sortie import sortie_name
from pipeline.site import PatrolSchedule, read_site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.site import Site

TIME_SPEED = 8.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A rendered site with a schedule, and nobody who has entered the weather: nothing takes off there."""
    folder = tmp_path_factory.mktemp("prefect") / "site"
    settings = init_rendered_site(folder, seed=7).settings
    schedule = PatrolSchedule(zone="patrol", cron="30 9 * * 1-5", drill=True)
    kept = settings.model_copy(update={"weather": None, "schedule": (schedule,), "camera": ()})
    text = tomli_w.dumps(kept.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return read_site(folder)


def test_one_flight_has_aircraft_and_airspace(site: Site) -> None:
    """A second one is refused at once, by name; after the first there is room again."""
    with alone(site), pytest.raises(AirspaceBusy, match="aircraft-uav-01"), alone(site):
        pass
    with alone(site):
        pass


def test_a_key_belongs_to_the_sortie_that_used_it_first(site: Site) -> None:
    """For good, whatever characters it has."""
    assert claim_key(site, "../2026 每日", "a") == ""
    assert claim_key(site, "../2026 每日", "b") == "a"
    assert sortie_name("z", 0.0, drill=True).startswith("drill-z-1970")


@pytest.fixture(scope="module")
def environment(site: Site) -> Iterator[dict[str, str]]:
    """A Prefect server of the site's."""
    with prefect_server(site.folder) as environment:
        yield environment


def run_patrol(site: Site, environment: dict[str, str], **parameters: object) -> str:
    """What a patrol flow of its own process says; it fails or not."""
    whole = {"site_folder": str(site.folder), "zone_id": "patrol", "time_speed": TIME_SPEED, **parameters}
    command = [sys.executable, "-m", "flows.prefect_flows", "patrol", json.dumps(whole)]
    done = subprocess.run(  # noqa: S603 - our own module
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=400, check=False
    )
    return done.stdout


def ask(environment: dict[str, str], kind: str, **wanted: object) -> list[dict[str, object]]:
    """Rows of the server."""
    answer = httpx.post(f"{environment['PREFECT_API_URL']}/{kind}/filter", json=wanted, timeout=20)
    rows: list[dict[str, object]] = answer.raise_for_status().json()
    return rows


@pytest.mark.peers
def test_a_patrol_that_did_not_fly_is_not_tried_again(site: Site, environment: dict[str, str]) -> None:
    """One failed run, one record marked as a drill, its artifacts kept, its key free; a used key flies nothing."""
    said = run_patrol(site, environment, drill=True, key="today", sortie_id="drill-1")
    assert "flight_failed: drill-1: aborted" in said
    assert "weather" in said
    runs = ask(environment, "flow_runs")
    assert [(run["state_type"], run["run_count"]) for run in runs] == [("FAILED", 1)]
    artifacts = {str(row["key"]): str(row["data"]) for row in ask(environment, "artifacts")}
    assert artifacts["plan-drill-1"].startswith("data:image/png;base64,")
    assert "# drill-1 (演练 drill)" in artifacts["flight-drill-1"]
    assert "weather_entered" in artifacts["flight-drill-1"]
    assert claim_key(site, "today", "nothing flew") == ""
    again = run_patrol(site, environment, key="today", sortie_id="another")
    assert "nothing flew: was asked for under this key before, nothing flies" in again
    assert not (site.flights_folder / "another").exists()


@pytest.mark.peers
def test_prefect_itself_lets_one_flight_have_the_airspace(site: Site, environment: dict[str, str]) -> None:
    """While a slot is taken anywhere on the server a patrol is refused and leaves nothing; beside a living, soon."""
    url = f"{environment['PREFECT_API_URL']}/v2/concurrency_limits"
    name = volumes(site)[1].replace("/", "-")
    httpx.post(f"{url}/", json={"name": name, "limit": 1, "active": True}, timeout=20)
    slot = {"names": [name], "slots": 1, "mode": "concurrency"}
    httpx.post(f"{url}/increment", json=slot, timeout=20).raise_for_status()
    assert "airspace_busy" in run_patrol(site, environment, sortie_id="crowded")
    began_s = time.monotonic()
    (plan,) = plan_errand(site, Errand(zone_id="patrol"), at_s=site_now_s(site))
    with airspace_claim(site.flights_folder, "in-the-air", plan):
        assert "airspace_busy: in-the-air has aircraft-uav-01" in run_patrol(site, environment, sortie_id="crowded")
    assert time.monotonic() - began_s < SLOT_WAIT_S / 2
    assert not (site.flights_folder / "crowded").exists()
    httpx.post(f"{url}/decrement", json={**slot, "occupancy_seconds": 1.0}, timeout=20).raise_for_status()


@pytest.mark.peers
def test_schedules_are_served_and_a_key_makes_one_run(site: Site, environment: dict[str, str]) -> None:
    """Each zone's cron in the site's time zone, and one run a key, until that is over and nothing flew."""
    folder = site.folder / "prefect"
    (folder / "schedules.log").write_text(f"ready {environment['PREFECT_API_URL']}\n")
    command = [sys.executable, "-m", "flows.cli", "patrol", "now", "patrol", "--site", str(site.folder), "--drill"]
    arguments = ["serve", str(site.folder)]
    with Child("serve", "flows.prefect_flows", arguments, log=folder / "serve.log", environment=environment) as served:
        deployments: dict[str, Any] = {}
        while served.running and "patrol-1" not in deployments:
            deployments = {str(row["name"]): row for row in ask(environment, "deployments")}
            time.sleep(0.5)
    (schedule,) = deployments["patrol-1"]["schedules"]
    assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == ("30 9 * * 1-5", "Asia/Shanghai")
    assert deployments["patrol-1"]["parameters"]["drill"] is True

    def now() -> str:
        return subprocess.run([*command, "--key", "k"], capture_output=True, text=True, timeout=240, check=True).stdout  # noqa: S603 - ours

    said = [now(), now()]
    assert said[0] == said[1]
    (run,) = ask(environment, "flow_runs", flow_runs={"name": {"any_": [said[0].split()[-1]]}})
    failed = {"state": {"type": "FAILED"}, "force": True}
    httpx.post(f"{environment['PREFECT_API_URL']}/flow_runs/{run['id']}/set_state", json=failed, timeout=20)
    assert now() != said[0], "nothing flew: the key was free"
    claim_key(site, "k", "flew")
    assert now() == said[0]
