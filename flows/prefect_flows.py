"""The Prefect flows: patrol, city_eye, deliver, retrain. Thin: each is one call. The only file that imports Prefect.

No frame is ever a task. A flight start is never retried by itself. A city-eye window is tried once more, because a
camera may be back after ten seconds and filing a look is idempotent.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect import flow, serve
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.deployments import run_deployment
from prefect.schedules import Cron

from flights.errors import NotReleased
from flows import work
from flows.errors import OUR_ERRORS
from flows.flight_summary import flight_summary, picture_address
from flows.one_flight import busy, flight_beside, key_is_free, volumes
from flows.planning import Errand
from flows.recording import SCENE_URL
from flows.sortie import FlightRequest
from pipeline.site import Site, read_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefect.client.schemas.objects import FlowRun
    from prefect.deployments.runner import RunnerDeployment

# A window takes its own length plus examination; deliveries are short.
CITY_EYE_TIMEOUT_S = 900
PATROL_TIMEOUT_S = 3600
DELIVER_TIMEOUT_S = 300
SLOT_TRY_S = 5.0  # before a look whether who holds the slots is alive
SLOT_WAIT_S = 120.0  # a run that died holds its slots until its lease ends
LEASE_S = 60.0
DELIVER_EVERY_S = 60
FLY_NOW = "patrol/fly-now"


@flow(name="patrol", retries=0, timeout_seconds=PATROL_TIMEOUT_S)
def patrol(
    site_folder: str,
    zone_id: str,
    sortie_id: str = "",
    time_speed: float = 1.0,
    drill: bool = False,  # noqa: FBT001, FBT002 - the same
    key: str = "",
    pilot: str = "",
) -> str:
    """Fly one zone, then examine and file what the aircraft saw.

    Without a pilot who releases it, it stays a proposal, unless the site lets patrols go while a pilot is on duty.
    """
    site, now_s = read_site(Path(site_folder)), time.time()
    asked = FlightRequest(
        errand=Errand(zone_id=zone_id), sortie_id=sortie_id, now_s=now_s, time_speed=time_speed, pilot=pilot,
        drill=drill,
    )  # fmt: skip
    try:
        return work.patrol(site, asked, key=key, alone=lambda: _alone(site))
    except NotReleased as error:
        return f"{asked.name}: proposed only: {error}"
    finally:
        _keep_artifacts(site, asked.name)


@contextmanager
def _alone(site: Site) -> Iterator[None]:
    """One flight an aircraft and an airspace volume of this Prefect server; a dead run is waited for."""
    names = [name.replace("/", "-") for name in volumes(site)]
    with get_client(sync_client=True) as client:
        for name in names:
            client.upsert_global_concurrency_limit_by_name(name, 1)
    until_s = time.monotonic() + SLOT_WAIT_S
    with ExitStack() as stack:
        while True:
            slots = concurrency(names, timeout_seconds=SLOT_TRY_S, strict=True, lease_duration=LEASE_S)
            try:
                stack.enter_context(slots)
                break
            except TimeoutError as error:
                beside = flight_beside(site)
                if beside or time.monotonic() > until_s:
                    raise busy(" or ".join(names), beside) from error
        yield


def _keep_artifacts(site: Site, name: str) -> None:
    """The plan's picture and a summary of the record, with the run; whatever became of the flight."""
    folder, key = site.flights_folder / name, re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if (folder / "plan.png").exists():
        create_image_artifact(picture_address(folder / "plan.png"), key=f"plan-{key}", description=name)
    if (folder / "flight.jsonl").exists():
        create_markdown_artifact(flight_summary(folder / "flight.jsonl"), key=f"flight-{key}", description=name)


@flow(name="city_eye", retries=1, retry_delay_seconds=10, timeout_seconds=CITY_EYE_TIMEOUT_S)
def city_eye(site_folder: str, camera_ids: list[str], duration_s: float = 30.0, start_s: float | None = None) -> str:
    """Watch cameras for one window each, examine and file what they saw."""
    site, now_s = read_site(Path(site_folder)), time.time()
    told = [work.watch(site, each, duration_s=duration_s, now_s=now_s, start_s=start_s) for each in camera_ids]
    return "; ".join(told)


@flow(name="deliver", retries=0, timeout_seconds=DELIVER_TIMEOUT_S)
def deliver(site_folder: str, url: str = "") -> str:
    """Send what is due from the outbox; what fails stays there and is due again later."""
    return work.deliver(read_site(Path(site_folder)), now_s=time.time(), url=url)


@flow(name="retrain", retries=0)
def retrain(site_folder: str, recipe: str, pictures: list[str], judged_on: str, run: str, who: str, why: str) -> str:
    """Train on base and harvest; the candidate goes into service only if no figure gets worse."""
    folders, site = [Path(each) for each in pictures], read_site(Path(site_folder))
    judged, kept = Path(judged_on), Path(run)
    return work.retrain(
        site, Path(recipe), pictures=folders, judged_on=judged, run=kept, who=who, why=why, now_s=time.time()
    )


FLOWS: dict[str, Callable[..., str]] = {
    "patrol": patrol,
    "city_eye": city_eye,
    "deliver": deliver,
    "retrain": retrain,
}


def serve_site(site_folder: Path) -> None:
    """Serve this site's deployments until stopped: each camera on its interval, deliveries, patrols on demand."""
    site = read_site(site_folder)
    folder = str(site_folder.resolve())
    deployments = [
        city_eye.to_deployment(
            name=camera.id,
            interval=camera.watch_every_s,
            parameters={"site_folder": folder, "camera_ids": [camera.id]},
            concurrency_limit=1,
        )
        for camera in site.settings.camera
        if camera.url and camera.url != SCENE_URL
    ]
    if site.settings.delivery.url:
        deployments.append(
            deliver.to_deployment(
                name="outbox", interval=DELIVER_EVERY_S, parameters={"site_folder": folder}, concurrency_limit=1
            )
        )
    if site.settings.aircraft:
        fly_now = FLY_NOW.split("/")[1]
        deployments.append(patrol.to_deployment(name=fly_now, parameters={"site_folder": folder}, concurrency_limit=1))
    deployments += [
        patrol.to_deployment(
            name=f"{each.zone}-{number}",
            schedules=[Cron(each.cron, timezone=site.settings.site.timezone)],
            parameters={"site_folder": folder, "zone_id": each.zone, "drill": each.drill},
            concurrency_limit=1,
        )
        for number, each in enumerate(site.settings.schedule, start=1)
    ]
    if site.settings.model.models:
        deployments.append(
            retrain.to_deployment(name="retrain", parameters={"site_folder": folder}, concurrency_limit=1)
        )
    serve(*cast("list[RunnerDeployment]", deployments), limit=2)


def fly_now(site: Site, parameters: dict[str, object], key: str) -> str:
    """Have the deployment of the running site fly now; one run a key, and another after one that left the key free.

    Returns:
        the run's name.
    """
    for attempt in count():
        again = f"{key} {attempt}" if attempt else key
        found = run_deployment(FLY_NOW, parameters={**parameters, "key": key}, idempotency_key=again, timeout=0)
        run = cast("FlowRun", found)
        if run.state is None or not run.state.is_final() or not key_is_free(site, key):
            break
    return run.name


def main() -> None:
    """`python -m flows.prefect_flows NAME JSON`: run one flow, say what it did. `serve SITE`: serve deployments."""
    name, argument = sys.argv[1:]
    if name == "serve":
        serve_site(Path(argument))
        return
    try:
        told = FLOWS[name](**json.loads(argument))
    except OUR_ERRORS as error:
        sys.stdout.write(f"{error.code}: {error}\n")
        sys.exit(2)
    sys.stdout.write(f"{told}\n")


if __name__ == "__main__":
    main()
