"""The Prefect flows: patrol, city_eye, deliver, retrain. Thin: each is one call. The only file that imports Prefect.

No frame is ever a task. A flight start is never retried by itself. A city-eye window is tried once more, because a
camera may be back after ten seconds and filing a look is idempotent.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect import flow, serve

from flows import work
from flows.errors import OUR_ERRORS
from flows.recording import SCENE_URL
from pipeline.site import read_site

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.deployments.runner import RunnerDeployment

# A window takes its own length plus examination; deliveries are short.
CITY_EYE_TIMEOUT_S = 900
PATROL_TIMEOUT_S = 3600
DELIVER_TIMEOUT_S = 300
DELIVER_EVERY_S = 60


@flow(name="patrol", retries=0, timeout_seconds=PATROL_TIMEOUT_S)
def patrol(site_folder: str, zone_id: str, sortie_id: str = "", time_speed: float = 1.0) -> str:
    """Fly one zone, then examine and file what the aircraft saw."""
    site = read_site(Path(site_folder))
    return work.patrol(site, zone_id, sortie_id=sortie_id or None, now_s=time.time(), time_speed=time_speed)


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
        deployments.append(
            patrol.to_deployment(name="fly-now", parameters={"site_folder": folder}, concurrency_limit=1)
        )
    if site.settings.model.models:
        deployments.append(
            retrain.to_deployment(name="retrain", parameters={"site_folder": folder}, concurrency_limit=1)
        )
    serve(*cast("list[RunnerDeployment]", deployments), limit=2)


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
