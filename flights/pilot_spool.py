"""The way between pilots and the process that flies: a folder of small files, one a request and one an answer.

A file appears whole or not at all, and its name is the command id. See ADR 0014 for why this and not a socket.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flights.pilot_request import Answer, PilotRequest, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "remote"  # beside the flight's log
# Longer than a request stays fresh and than the autopilot has to acknowledge, three times.
ANSWER_S = 20.0
SILENT_S = 3.0  # a flight that has shown nothing for so long is not asked
POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightView:
    """What a pilot sees of a flight; the newest is kept in one file.

    Attributes:
        flight_id: its name.
        drill: an exercise.
        at_s: when it was written, UTC seconds.
        over: nothing more comes.
        state: of the patrol.
        reason: why it left its plan.
        mode: of the autopilot.
        armed: motors.
        lat_deg: where it is; None when not known.
        lon_deg: likewise.
        height_home_m: above home.
        speed_m_s: over ground.
        course_deg: over ground, clockwise from north.
        battery_share: 0..1.
        link_age_s: since the last heartbeat.
        wind_m_s: as the autopilot estimates it.
        progress: share of the mission flown.
        pilot: who commands, or "".
        lease_until_s: until when, UTC seconds.
        offered_to: who may take over.
        last: the latest answer about anything but the lease's renewal.
    """

    flight_id: str
    drill: bool
    at_s: float
    over: bool = False
    state: str = "idle"
    reason: str = ""
    mode: str = ""
    armed: bool = False
    lat_deg: float | None = None
    lon_deg: float | None = None
    height_home_m: float = 0.0
    speed_m_s: float = 0.0
    course_deg: float = 0.0
    battery_share: float | None = None
    link_age_s: float = 0.0
    wind_m_s: float | None = None
    progress: float = 0.0
    pilot: str = ""
    lease_until_s: float = 0.0
    offered_to: str = ""
    last: Answer | None = None


class PilotSpool:
    """One flight's folder of requests and answers, for both ends.

    Attributes:
        folder: made by the flight.
    """

    def __init__(self, flight_folder: Path) -> None:
        self.folder = flight_folder / FOLDER
        self._asked, self._answered = self.folder / "asked", self.folder / "answered"

    # --- the pilot's end

    def ask(self, request: PilotRequest, *, now_s: float) -> Answer:
        """Put a request and wait for its answer.

        Args:
            request: its key as the pilot's device knows it.
            now_s: UTC seconds.
        """
        key = sha256(request.key.encode()).hexdigest() if request.key else ""
        request = replace(request, key=key, sent_s=now_s)
        answered = self._answered / f"{request.command_id}.json"
        if not answered.exists():
            view = self.view()
            if view is None or view.over or now_s - view.at_s > SILENT_S:
                why = Refusal.FLIGHT_OVER if view is not None and view.over else Refusal.FLIGHT_SILENT
                return Answer.to_request(request, now_s, why)
            _write(self._asked / answered.name, asdict(request), new=True)
        until = time.monotonic() + ANSWER_S
        while not answered.exists():
            if time.monotonic() > until:
                return Answer.to_request(request, now_s, Refusal.FLIGHT_SILENT, f"{ANSWER_S:.0f} s")
            time.sleep(POLL_S)
        return Answer(**_read(answered)).again(request)

    def view(self) -> FlightView | None:
        """The newest view of the flight, or None before its first."""
        try:
            row = _read(self.folder / "view.json")
        except FileNotFoundError:
            return None
        last = row.pop("last")
        return FlightView(**row, last=Answer(**last) if last else None)

    def chart(self) -> dict[str, Any]:
        """GeoJSON of the flight's plan: fence, no-fly areas, route and home."""
        try:
            return _read(self.folder / "chart.json")
        except FileNotFoundError:
            return {"type": "FeatureCollection", "features": []}

    # --- the flight's end

    def open(self, chart: dict[str, Any]) -> None:
        """Begin to take requests; what an earlier process left unanswered is too old to be done.

        Args:
            chart: GeoJSON of the plan.
        """
        for folder in (self.folder, self._asked, self._answered):
            folder.mkdir(mode=0o700, exist_ok=True)
        _write(self.folder / "chart.json", chart)

    def asked(self) -> Iterator[PilotRequest]:
        """Requests not yet looked at, oldest first; each is taken off the pile."""
        for path in sorted(self._asked.glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
            row = _read(path)
            path.unlink()
            yield PilotRequest(**row)

    def answer(self, answer: Answer) -> None:
        """Answer a request, for good."""
        _write(self._answered / f"{answer.command_id}.json", asdict(answer))

    def answers(self) -> Iterator[Answer]:
        """Everything answered so far, for a process that takes up a flight."""
        for path in self._answered.glob("*.json"):
            yield Answer(**_read(path))

    def show(self, view: FlightView) -> None:
        """Replace the view."""
        _write(self.folder / "view.json", asdict(view))


def _read(path: Path) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return row


def _write(path: Path, row: dict[str, Any], *, new: bool = False) -> None:
    """Whole or not at all; a new file never replaces another."""
    part = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    part.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    if not new:
        part.replace(path)
        return
    try:
        os.link(part, path)
    except FileExistsError:  # the same id is asked twice at once: one answer is for both
        pass
    finally:
        part.unlink()
