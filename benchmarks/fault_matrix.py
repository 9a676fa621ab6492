"""Every fault in every phase of a flight: what happened, how long it took, where the aircraft ended. Exit 0: all safe.

`python benchmarks/fault_matrix.py [--write] [--dronekit N]`: the matrix flies in this process on the simulator's clock;
N more flights with one random fault each go through DroneKit over TCP. `--write` writes docs/fault-matrix.md.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import shapely
from shapely.geometry import Point, Polygon

from flights.patrol import VehicleSpeedClock, fly
from flights.patrol_states import PatrolState
from flights.plane import plane_from_map
from flights.preflight import Briefing
from flights.recorder import FlightRecorder
from flights.registers import Approval, Pilot, RegisteredAircraft, Release, Weather
from flights.simulator.faults import FaultName
from flights.simulator.in_process import InProcessAutopilot
from flights.survey import plan_survey
from flights.survey_request import SurveyRequest
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from geofences.position import Geodetic

if TYPE_CHECKING:
    from flights.autopilot import VehicleState
    from flights.flight_monitors import Route
    from flights.patrol_states import Machine
    from flights.recorder import FlightRecord
    from flights.simulator.wire import Mode
    from flights.survey_plan import SurveyPlan

REPOSITORY = Path(__file__).resolve().parents[1]
HOME = Geodetic(lat_deg=30.3195, lon_deg=120.1390, alt_ellipsoid_m=15.0)
GROUND_AMSL_M, START = 6.0, datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NEWS_S = 1.3  # the mode is in heartbeats, one a second: until then nobody can know that it changed
STRAY_M = 3.0  # of the true place beyond the fence: what the autopilot believes errs by 1 to 2 m
WINDS = 8  # seeds of the wind's direction and gusts that a flight without satellites is flown in
DIES, RESTARTS = "our program dies", "our program dies, restarts after 2 s"
FAULTS = (*(name for name in FaultName), DIES, RESTARTS)
# A pilot who took over brings it home in the end.
LATER = {FaultName.PILOT_LOITER: (40.0, FaultName.PILOT_RTL)}


def _polygon(*corners: tuple[float, float]) -> Polygon:
    frame = LocalFrame(origin=HOME)
    places = (frame.geodetic_from_enu((x, y, 0.0)) for x, y in corners)
    return Polygon([(p.lon_deg, p.lat_deg) for p in places])


def _plan() -> SurveyPlan:
    """A zone with a no-fly area beside it. One between zone and home would need a waiver: a failsafe flies straight."""
    return plan_survey(
        SurveyRequest(
            zone_id="matrix",
            outline=_polygon((50, -20), (110, -20), (110, 40), (50, 40)),
            home=HOME,
            height_agl_m=30.0,
            camera=Camera.from_fov(size_px=(1920, 1080), hfov_deg=73.0, name="matrix"),
            no_fly=(_polygon((20, 50), (45, 50), (45, 75), (20, 75)),),
            airspace=_polygon((-20, -60), (140, -60), (140, 80), (-20, 80)),
        )
    )


def _briefing(plan: SurveyPlan) -> Briefing:
    now_s = START.timestamp()
    pilot = Pilot(name="matrix", licence="1", licence_until_s=now_s + 1e6, duty=((now_s - 1e6, now_s + 1e6),))
    return Briefing(
        approval=Approval(number="1", outline=plan.airspace, valid_from_s=now_s - 1e6, valid_until_s=now_s + 1e6),
        release=Release(pilot=pilot, by_itself=False, at_s=now_s),
        aircraft=RegisteredAircraft(id="m", registration="M", remote_id="M"),
        weather=Weather(
            wind_m_s=3, gust_m_s=5, visibility_m=9000, precipitation=False, entered_by="m", entered_s=now_s
        ),
    )


class _Died(Exception):
    """Our program is gone."""


class _Desk:
    """Nobody asks for anything; the program may die at a second."""

    def __init__(self, autopilot: InProcessAutopilot, dies_s: float) -> None:
        self.autopilot, self.dies_s = autopilot, dies_s

    def next_wish(self, _machine: Machine, _vehicle: VehicleState, _route: Route) -> None:
        if self.autopilot.now_s() >= self.dies_s:
            raise _Died

    def answered(self, *_: object) -> None:
        """Nothing was asked."""


@dataclass
class Witness:
    """What truly happened, step by step."""

    plan: SurveyPlan
    lost_s: float = math.inf
    stray_m: float = 0.0
    down_s: float = 0.0
    height_m: float = 0.0
    modes: list[Mode] = field(default_factory=list)

    def watch(self, autopilot: InProcessAutopilot) -> None:
        """Wrap the simulation's step."""
        allowed = self.plan.airspace_m.difference(shapely.union_all(self.plan.no_fly_m))
        shapely.prepare(allowed)
        simulation, step = autopilot.simulation, autopilot.simulation.step

        def seen() -> None:
            step()
            pilot, at = simulation.pilot, simulation.pilot.aircraft.motion.enu_m
            if not self.modes or pilot.mode is not self.modes[-1]:
                if self.modes and pilot.armed and not _asked_for(autopilot, pilot.mode, pilot.now_s):
                    self.lost_s = min(self.lost_s, pilot.now_s)
                self.modes.append(pilot.mode)
            if pilot.armed:
                self.down_s, self.height_m = pilot.now_s, max(self.height_m, at[2])
                self.stray_m = max(self.stray_m, float(allowed.distance(Point(at[:2]))))

        simulation.step = seen  # type: ignore[method-assign]  # a witness, not a replacement


def _asked_for(autopilot: InProcessAutopilot, mode: Mode, now_s: float) -> bool:
    recent = [message for at_s, message in autopilot.sent if at_s > now_s - 2.0]
    return any(m.get_type() == "COMMAND_LONG" and m.command == 176 and m.param2 == mode for m in recent)


def _commands_after(autopilot: InProcessAutopilot, lost_s: float) -> int:
    late = (message for at_s, message in autopilot.sent if at_s > lost_s + NEWS_S)
    return sum(m.get_type() in {"COMMAND_LONG", "COMMAND_INT"} and m.command != 511 for m in late)


@dataclass(frozen=True)
class Cell:
    """One flight of the matrix."""

    fault: str
    phase: str
    happened: str
    took_s: float
    ended: str
    unsafe: str


def fly_cell(plan: SurveyPlan, fault: str, phase: str, at_s: float, seed: int) -> tuple[Cell, FlightRecord | None]:
    """Fly once with one fault."""
    faults = [(at_s, FaultName(fault))] if fault in set(FaultName) else []
    faults += [(at_s + LATER[name][0], LATER[name][1]) for _, name in faults if name in LATER]
    autopilot = InProcessAutopilot(
        (HOME.lat_deg, HOME.lon_deg, GROUND_AMSL_M), start_utc_s=START.timestamp(), seed=seed, faults=faults
    )
    witness = Witness(plan)
    witness.watch(autopilot)
    desk = _Desk(autopilot, at_s if fault in {DIES, RESTARTS} else math.inf)
    record = None
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "f.jsonl"
        try:
            record = _fly(plan, autopilot, log, desk)
        except _Died:
            autopilot.alive = False
            autopilot.sleep(2.0)
            if fault == RESTARTS:
                autopilot.alive, desk.dies_s = True, math.inf
                autopilot.sleep(3.0)
                record = _fly(plan, autopilot, log, desk)
        for _ in range(400):
            if autopilot.simulation.pilot.armed:
                autopilot.sleep(1.0)
    return _judge(autopilot, witness, record, (fault, phase, at_s)), record


def _fly(plan: SurveyPlan, autopilot: InProcessAutopilot, log: Path, desk: _Desk) -> FlightRecord:
    recorder = FlightRecorder(log, flight_id="M", attach=log.exists())
    return fly(
        plan,
        autopilot,
        briefing=_briefing(plan),
        recorder=recorder,
        geoid_separation_m=9.0,
        clock=autopilot,
        desk=desk,
    )


def _judge(
    autopilot: InProcessAutopilot,
    witness: Witness,
    record: FlightRecord | None,
    where: tuple[str, str, float],
) -> Cell:
    fault, phase, at_s = where
    pilot, after = autopilot.simulation.pilot, _commands_after(autopilot, witness.lost_s)
    triggering = bool(pilot.aircraft and pilot.payload._every_m) and record is not None  # noqa: SLF001 - the truth
    unsafe = [
        text
        for wrong, text in (
            (pilot.armed, "still armed"),
            (pilot.aircraft.motion.enu_m[2] > 0.5, "still in the air"),
            (witness.height_m > 45, f"{witness.height_m:.0f} m high"),
            (after, f"{after} commands after control was lost"),
            (witness.stray_m > STRAY_M, f"{witness.stray_m:.0f} m outside"),
            (triggering and record is not None and record.outcome is PatrolState.LANDED, "camera still triggers"),
        )
        if wrong
    ]
    home_m = math.dist(pilot.aircraft.motion.enu_m[:2], (0, 0))
    modes = [mode.name for mode in witness.modes]
    flew = witness.height_m > 0.5
    said = "ended by itself" if record is None else f"{record.outcome.value}{': ' * bool(record.reason)}{record.reason}"
    happened = f"{said}; {' → '.join(modes[1:])}" if flew else said
    ended = f"{home_m:.0f} m from home" + (f", {witness.stray_m:.0f} m outside" if witness.stray_m > STRAY_M else "")
    took_s = max(0.0, witness.down_s - at_s) if flew else 0.0
    return Cell(
        fault=fault,
        phase=phase,
        happened=happened if len(happened) < 170 else happened[:167] + "...",
        took_s=took_s,
        ended=ended if flew else "never left the ground",
        unsafe="; ".join(unsafe),
    )


def phases(plan: SurveyPlan) -> dict[str, float]:
    """Seconds in the middle of each phase, from a flight without faults."""
    cell, record = fly_cell(plan, "none", "none", 0.0, seed=3)
    if record is None or not record.completed:
        raise SystemExit(f"the flight without faults: {cell}")
    begin = {event.text: (event.at_s or 0) - START.timestamp() for event in record.events if event.name == "state"}
    shots = [shot.boot_s for shot in record.captures]
    gaps = [(b - a, (a + b) / 2) for a, b in pairwise(shots)]
    return {
        "before take-off": 1.0,
        "climb": (begin["takeoff"] + begin["on_mission"]) / 2,
        "on a strip": min(gaps, key=lambda gap: abs(gap[1] - shots[len(shots) // 2]))[1],
        "way home": begin["returning"] + 4.0,
        "landing": begin["landed"] - 12.0,
    }


def over_tcp(plan: SurveyPlan, count: int) -> list[Cell]:
    """Flights through DroneKit, one random fault each."""
    from flights.dronekit_autopilot import DroneKitAutopilot  # noqa: PLC0415 - DroneKit only when asked for

    cells = []
    speed, luck = 6.0, random.Random(5)  # noqa: S311 - reproducible, no secret
    for number in range(count):
        fault, at_s = luck.choice(list(FaultName)), luck.uniform(5.0, 110.0)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command = [
                sys.executable, "-m", "flights.simulator", "--listen", "tcp:127.0.0.1:0", "--speed", str(speed),
                "--home", f"{HOME.lat_deg},{HOME.lon_deg},{GROUND_AMSL_M}", "--start-utc", START.isoformat(),
                "--seed", str(number), "--truth", str(folder / "truth"), "--fault", f"{fault}@{at_s:.1f}",
                "--fault", f"pilot_rtl@{at_s + 60:.1f}" if fault == FaultName.PILOT_LOITER else "wind_13@9999",
            ]  # fmt: skip
            with subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
            ) as child:
                if child.stdout is None or child.stdin is None:
                    raise SystemExit("no pipes")
                address = child.stdout.readline().split()[1]
                with DroneKitAutopilot.connect(address, timeout_s=60, time_speed=speed) as autopilot:
                    record = fly(
                        plan,
                        autopilot,
                        briefing=_briefing(plan),
                        recorder=FlightRecorder(folder / "f.jsonl", flight_id="D"),
                        geoid_separation_m=9.0,
                        clock=VehicleSpeedClock(speed),
                    )
                child.stdin.close()
                child.wait(timeout=20)
            cells.append(_judge_truth(plan, record, folder / "truth", (fault, f"{at_s:.0f} s", at_s)))
        print(cells[-1], flush=True)
    return cells


def _judge_truth(plan: SurveyPlan, record: FlightRecord, truth: Path, where: tuple[str, str, float]) -> Cell:
    fault, phase, at_s = where
    rows = [json.loads(line) for line in truth.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    allowed = plan.airspace_m.difference(shapely.union_all(plan.no_fly_m))
    places = [plane_from_map(Point(row["lon_deg"], row["lat_deg"]), plan.frame) for row in rows[::5]]
    stray_m = max(float(allowed.distance(place)) for place in places)
    high = [row["at_s"] for row in rows if row["alt_amsl_m"] > GROUND_AMSL_M + 0.2]
    names = [(event.name, event.text) for event in record.events]
    lost = next((i for i, (name, text) in enumerate(names) if name == "state" and text == "control_lost"), len(names))
    after = sum(name == "order" for name, _ in names[lost:])
    wrong = [
        *(["still in the air"] if rows[-1]["alt_amsl_m"] > GROUND_AMSL_M + 0.5 else []),
        *([f"{stray_m:.0f} m outside"] if stray_m > STRAY_M else []),
        *([f"{after} orders after control was lost"] if after else []),
    ]
    took_s = max(0.0, high[-1] - START.timestamp() - at_s) if high else 0.0
    said = f"{record.outcome.value}{': ' * bool(record.reason)}{record.reason}"
    strayed = f", {stray_m:.0f} m outside" if stray_m > STRAY_M else ""
    ended = f"{places[-1].distance(Point(0, 0)):.0f} m from home{strayed}" if high else "never left the ground"
    return Cell(fault=fault, phase=phase, happened=said[:170], took_s=took_s, ended=ended, unsafe="; ".join(wrong))


def table(cells: list[Cell]) -> str:
    """As Markdown."""
    rows = ["| fault | when | what happened | s to the ground | ended | safe |", "|---|---|---|---:|---|---|"]
    for cell in cells:
        safe = f"NO: {cell.unsafe}" if cell.unsafe else "yes"
        took = f"{cell.took_s:.0f}" if cell.took_s else ""
        rows.append(f"| {cell.fault} | {cell.phase} | {cell.happened} | {took} | {cell.ended} | {safe} |")
    return "\n".join(rows)


INTRO = """# Fault matrix

Made by `python benchmarks/fault_matrix.py --write --dronekit 10`, {date}. One flight a row, on the simulated ArduCopter
with the product's own checklist, state machine and MAVLink code; each has one fault, struck in the middle of a phase.
Modes are the autopilot's, in order; "s to the ground" counts from the fault until the motors stop.

Safe: on the ground and disarmed; never above 45 m (plan 30 m), never more than {stray:.0f} m outside the fence or
inside the no-fly area; no command after somebody else, or a failsafe, had changed the mode; the camera not triggering
after a landing of ours. Without satellites the autopilot flies on by inertia for some seconds, then lands level
wherever the wind takes it; it is judged by the fence like all others. `control_lost` is our program's state, not the
aircraft's: we stopped commanding, and the autopilot or its pilot landed.

"""


BLIND = """
## Without satellites, in other winds

The matrix flies in one wind. Of {all} flights without satellites in winds of 2.5 m/s from eight directions, {safe}
came down inside. The fence is 30 m from the strips and 20 m from home, and a blind landing drifts by about 40 m:
[flying.md](flying.md#in-the-air) says what room to leave.

"""


def main() -> int:
    """Fly, print, write; 1 when a cell is not safe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--dronekit", type=int, default=0, metavar="N")
    parser.add_argument("--fault", default="", help="only this one")
    arguments = parser.parse_args()
    plan = _plan()
    cells, times = [], phases(plan)
    print(times)
    for fault in FAULTS:
        for phase, at_s in times.items() if not arguments.fault or arguments.fault == fault else ():
            cells.append(fly_cell(plan, fault, phase, at_s, seed=3)[0])
            print(cells[-1], flush=True)
    blind = [
        fly_cell(plan, FaultName.GPS_LOSS, f"{phase}, wind {seed}", times[phase], seed)[0]
        for phase in ("on a strip", "way home")
        for seed in range(WINDS)
    ]
    tcp = over_tcp(plan, arguments.dronekit)
    safe = sum(not cell.unsafe for cell in [*cells, *tcp])
    told = f"{safe} of {len(cells) + len(tcp)} flights safe"
    print(told)
    if arguments.write:
        text = INTRO.format(date=datetime.now(UTC).date(), stray=STRAY_M) + f"{told}.\n\n" + table(cells) + "\n"
        text += BLIND.format(safe=sum(not cell.unsafe for cell in blind), all=len(blind)) + table(blind) + "\n"
        if tcp:
            text += "\n## Through DroneKit, over TCP, at random seconds\n\n" + table(tcp) + "\n"
        (REPOSITORY / "docs" / "fault-matrix.md").write_text(text, encoding="utf-8")
    return 0 if safe == len(cells) + len(tcp) else 1


if __name__ == "__main__":
    sys.exit(main())
