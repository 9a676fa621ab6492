"""`offsite up` runs console, schedules and delivery in one process tree, and ends as one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest
import tomli_w

from flows.assembly import open_store
from flows.children import Child
from flows.recording import render_clip, scene_world
from flows.site_folder import SCENE_START, init_rendered_site
from pipeline.delivery.received import read_received
from pipeline.scene.cameras import city_eyes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site whose first camera is a clip on disk, watched every ten seconds."""
    site = init_rendered_site(tmp_path / "site", seed=7)
    eye = city_eyes(scene_world(site))[0]
    start_s = SCENE_START.timestamp()
    clip = site.folder / "eye.mp4"
    world = scene_world(site)
    render_clip(world, eye.camera, lambda _s: eye.pose, clip, start_s=start_s, duration_s=24.0, rate_hz=2)
    camera = site.settings.camera[0].model_copy(update={"url": "eye.mp4", "watch_every_s": 10.0})
    settings = site.settings.model_copy(update={"camera": (camera,)})
    text = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))
    (site.folder / "site.toml").write_text(text, encoding="utf-8")
    return site


def wait_for(what: Callable[[], object], timeout_s: float) -> None:
    """Poll until it is so.

    Raises:
        AssertionError: it is not so in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.5)


def processes_about(text: str) -> list[str]:
    """Command lines of running processes that mention it."""
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S607 - the system's ps
    return [line for line in lines.splitlines() if text in line]


@pytest.mark.peers
@pytest.mark.timeout(300)
def test_a_site_is_up_and_ends_as_one(site: Site, tmp_path: Path) -> None:
    """The console answers, a scheduled window is watched and its draft delivered, and SIGTERM leaves nothing behind."""
    folder = tmp_path / "received"
    receiver = Child(
        "case system",
        "pipeline.delivery.receiver",
        ["--listen", "127.0.0.1:0", "--folder", str(folder)],
        log=tmp_path / "receiver.log",
    )
    with receiver:
        text = (site.folder / "site.toml").read_text(encoding="utf-8")
        address = receiver.wait_ready(timeout_s=30)
        (site.folder / "site.toml").write_text(text.replace('url = ""\ntoken', f'url = "{address}"\ntoken'))
        command = [sys.executable, "-m", "flows.cli", "up", "--site", str(site.folder), "--port", "0"]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as up:  # noqa: S603 - ours
            try:
                assert up.stdout is not None
                console = up.stdout.readline().split()[-1]
                wait_for(lambda: httpx.get(f"{console}health", timeout=15).is_success, 20)
                store = open_store(site)
                wait_for(store.cases, 150)
                store.close()
                wait_for(lambda: read_received(folder) if (folder / "received.db").exists() else (), 150)
                assert httpx.get(console, timeout=10).is_success
                up.send_signal(signal.SIGTERM)
                assert up.wait(timeout=40) == 0
            finally:
                up.kill()
    wait_for(lambda: not processes_about(str(site.folder)), 15)
