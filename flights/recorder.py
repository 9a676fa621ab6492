"""The flight log: JSON lines, written as things happen and flushed, so that a crash loses at most the last line.

Every line carries our monotonic clock (`mono_s`) and our UTC (`utc_s`). Kinds of lines: header; position, attitude,
gimbal, clock, capture, text (what the autopilot told); event, check (what we did); end. Samples carry the autopilot's
boot clock; `flights.telemetry.jsonl` maps it to UTC.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Self

from flights.samples import KINDS, CaptureSample

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from flights.autopilot import VehicleState
    from flights.checks import Check
    from flights.patrol_states import Outcome, PatrolState, Wish
    from flights.samples import Sample
    from flights.survey_plan import SurveyPlan
    from geofences.pose import PoseTrack

KIND_OF = {sample_type: kind for kind, sample_type in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightEvent:
    """Something that happened during a flight.

    Attributes:
        at_s: the vehicle's UTC, or None when it was not known yet.
        name: "state", "order", "item" (of the mission, flown towards), "wish" (of a pilot from afar), "note" or
            "text" (the autopilot's status text).
        text: what.
    """

    at_s: float | None
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightRecord:
    """A flight after it.

    Attributes:
        flight_id: as the caller named it.
        path: the flight log.
        plan: what was to be flown.
        outcome: the state in which it ended: landed, aborted (never flew), control_lost.
        reason: why it left the planned course; empty when it did not.
        pose_track: where the camera was; None when nothing usable was heard.
        events: in order.
        checks: the preflight checklist's results.
        captures: pictures triggered, as the autopilot reported them.
        flown_m: over ground.
    """

    flight_id: str
    path: Path
    plan: SurveyPlan
    outcome: PatrolState
    reason: str
    pose_track: PoseTrack | None
    events: tuple[FlightEvent, ...]
    checks: tuple[Check, ...]
    captures: tuple[CaptureSample, ...]
    flown_m: float

    @property
    def completed(self) -> bool:
        """Flown as planned and landed."""
        return self.outcome == "landed" and not self.reason


class FlightRecorder:
    """Writes one flight log. A context manager.

    Attributes:
        path: the file; it must not exist yet, unless the flight is attached to after a crash of this program.
        flight_id: name of the flight.
        drill: an exercise (演练); the header says so.
        continues: the flight that it takes up again; the header names it.
        events: kept in memory for the flight record.
        checks: likewise.
        captures: likewise.
    """

    def __init__(
        self, path: Path, *, flight_id: str, attach: bool = False, drill: bool = False, continues: str = ""
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.flight_id, self.drill, self.continues = flight_id, drill, continues
        self.events: list[FlightEvent] = []
        self.checks: tuple[Check, ...] = ()
        self.captures: list[CaptureSample] = []
        cut_off = attach and path.exists() and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a" if attach else "x", encoding="utf-8")
        if cut_off:
            self._file.write("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def header(self, plan: SurveyPlan, **facts: str | float) -> None:
        """What is flown and by whom; the first line.

        Args:
            plan: its numbers are kept, its outlines by their text form.
            facts: further named facts, such as pilot, registration and approval.
        """
        numbers = {f.name: getattr(plan, f.name) for f in fields(plan) if f.name != "waypoints"}
        kept = {
            name: asdict(v) if is_dataclass(v) and not isinstance(v, type) else _plain(v) for name, v in numbers.items()
        }
        drill: dict[str, object] = {"drill": True} if self.drill else {}
        continues = {"continues": self.continues} if self.continues else {}
        self._write("header", flight_id=self.flight_id, **drill, **continues, plan=kept, **facts)

    def samples(self, samples: Iterable[Sample]) -> None:
        """What the autopilot told, as it came."""
        for sample in samples:
            self._write(KIND_OF[type(sample)], **{f.name: getattr(sample, f.name) for f in fields(sample)})
            if isinstance(sample, CaptureSample):
                self.captures.append(sample)

    def event(self, name: str, text: str, *, at_s: float | None) -> None:
        """Something that happened."""
        self.events.append(FlightEvent(at_s=at_s, name=name, text=text))
        self._write("event", at_s=at_s, name=name, text=text)

    def outcome(self, outcome: Outcome, *, at_s: float | None) -> None:
        """What was ordered, and how it went."""
        told = "done" if outcome.ok else f"refused: {outcome.reason}"
        self.event("order", f"{outcome.order.value}: {told}", at_s=at_s)

    def wish(self, wish: Wish, refusal: str, *, at_s: float | None) -> None:
        """What a pilot asked from afar, and what became of it."""
        told = f"refused: {refusal}" if refusal else "done"
        self.event("wish", f"{wish.action} asked by {wish.pilot}: {told}", at_s=at_s)

    def checklist(self, checks: tuple[Check, ...]) -> None:
        """All results of the preflight checklist, passed ones included."""
        self.checks = checks
        for check in checks:
            self._write("check", **asdict(check))

    def end(self, state: PatrolState, reason: str, vehicle: VehicleState) -> None:
        """How it ended and where the aircraft was then; the last line."""
        place = None if vehicle.position is None else asdict(vehicle.position)
        last = {"mode": vehicle.mode, "armed": vehicle.armed, "link_age_s": round(vehicle.link_age_s, 1)}
        self._write("end", state=state.value, reason=reason, at_s=vehicle.utc_s, position=place, **last)

    def storage_free_bytes(self) -> int:
        """Room left where the log is written."""
        return shutil.disk_usage(self.path.parent).free

    def close(self) -> None:
        """Write to disk and close; may be called twice."""
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()

    def _write(self, kind: str, **entry: object) -> None:
        clocks = {"mono_s": round(time.monotonic(), 3), "utc_s": round(time.time(), 3)}
        line = json.dumps({"kind": kind, **clocks, **entry}, ensure_ascii=False, separators=(",", ":"))
        self._file.write(line + "\n")
        self._file.flush()


def _plain(value: object) -> object:
    """Numbers and texts as they are, everything else (outlines) by its text form."""
    if isinstance(value, int | float | str):
        return value
    return [_plain(part) for part in value] if isinstance(value, tuple) else str(value)
