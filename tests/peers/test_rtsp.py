"""A real RTSP server on loopback: recorded as it is sent, and named within seconds when it dies or freezes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.assembly import open_store
from flows.site_folder import init_site
from flows.work import watch
from pipeline.errors import BadInput
from pipeline.site import read_site
from pipeline.sources import media

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest.importorskip("ipycam", reason="needs the dev dependency ipycam")
pytestmark = pytest.mark.peers
SCRIPT = Path(__file__).with_name("rtsp_camera.py")
WIDTH, HEIGHT = 320, 240
HIDDEN = "hidden-7421"


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera process.

    Attributes:
        group: its process group, encoder included.
        url: where it is, with a password.
    """

    group: int
    url: str

    def signal(self, number: signal.Signals) -> None:
        """Kill, freeze or thaw it."""
        os.killpg(self.group, number)


@pytest.fixture
def camera() -> Iterator[Camera]:
    """A fresh camera on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(SCRIPT), str(port), str(WIDTH), str(HEIGHT)]
    with subprocess.Popen(  # noqa: S603 - our own script
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "ready" in process.stdout.readline()
            yield Camera(group=process.pid, url=f"rtsp://officer:{HIDDEN}@127.0.0.1:{port}/eye")
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_stream_is_recorded_packet_by_packet(camera: Camera, tmp_path: Path) -> None:
    """Four seconds are recorded from a keyframe on, and every picture decodes at its time."""
    path = tmp_path / "window.mkv"
    begun_s = time.time()
    started_s = media.record_stream(camera.url, path, duration_s=4.0)
    assert begun_s <= started_s <= time.time()
    facts = media.read_facts(path)
    assert facts.size_px == (WIDTH, HEIGHT)
    assert facts.duration_s == pytest.approx(4.0, abs=0.5)
    pictures = list(media.read_frames(path, look_hz=100.0))
    assert len(pictures) >= 35
    assert [number for number, _, _ in pictures] == list(range(len(pictures)))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("fate", "said"), [(signal.SIGKILL, "stream: (ended after|cannot be read)"), (signal.SIGSTOP, "cannot be read")]
)
def test_a_camera_that_dies_or_freezes_is_named_in_seconds(
    camera: Camera, tmp_path: Path, fate: signal.Signals, said: str
) -> None:
    """Killed or frozen in the middle: an error within ten seconds, no secret in it, no half clip left."""
    met_s: list[float] = []

    def strike() -> None:
        met_s.append(time.monotonic())
        camera.signal(fate)

    striking = after_first_packets(tmp_path / "window.part", strike)
    with pytest.raises(BadInput, match=said) as refused:
        media.record_stream(camera.url, tmp_path / "window.mkv", duration_s=60.0)
    striking.join(timeout=5)
    assert time.monotonic() - met_s[0] < 10.0
    assert HIDDEN not in str(refused.value)
    assert refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def after_first_packets(path: Path, act: Callable[[], None]) -> threading.Thread:
    """Act two seconds after the recording's file is there; give up waiting for it after twenty."""

    def wait() -> None:
        until_s = time.monotonic() + 20
        while time.monotonic() < until_s and not path.exists():
            time.sleep(0.1)
        time.sleep(2.0)
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_watching_a_stream_files_a_look(camera: Camera, tmp_path: Path) -> None:
    """A window of a site's RTSP camera is recorded, examined, filed, and its clip removed from the spool."""
    folder = tmp_path / "site"
    init_site(folder)
    lens = f"{{ width_px = {WIDTH}, height_px = {HEIGHT}, hfov_deg = 70.0 }}"
    with (folder / "site.toml").open("a") as file:
        file.write(
            f'\n[[camera]]\nid = "eye"\nname = "street corner"\nkind = "city_eye"\nurl = "{camera.url}"\n'
            f"lens = {lens}\n[model]\ncamera_long_side_px = 320\n"
        )
    site = read_site(folder)
    now_s = time.time()
    told = watch(site, "eye", duration_s=3.0, now_s=now_s, say=lambda _line: None)
    assert "frames" in told
    store = open_store(site)
    assert store.look_filed(told.split(":", maxsplit=1)[0])
    store.close()
    assert list(site.spool_folder.iterdir()) == []
    assert "filed before" in watch(site, "eye", duration_s=3.0, now_s=now_s, say=lambda _line: None)
