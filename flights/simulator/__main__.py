"""`python -m flights.simulator`: one simulated aircraft on one TCP port. Stops when stdin closes, and on SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flights.errors import SimulatorError
from flights.simulator.aircraft import Aircraft, Place
from flights.simulator.faults import parse_fault
from flights.simulator.link import Link
from flights.simulator.simulation import Simulation
from geofences.errors import InvalidGeometry
from geofences.position import Geodetic

if TYPE_CHECKING:
    from types import FrameType


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port from tcp:HOST:PORT; only the loopback address is served.

    Raises:
        SimulatorError: the text has another form.
    """
    kind, _, rest = text.partition(":")
    host, _, port = rest.partition(":")
    if kind != "tcp" or host != "127.0.0.1" or not port.isdigit():
        msg = f"--listen: {text}: want tcp:127.0.0.1:PORT, where PORT 0 chooses a free one"
        raise SimulatorError(msg)
    return host, int(port)


def parse_home(text: str) -> Place:
    """Where to start, from LAT,LON,ALT_AMSL_M.

    Raises:
        SimulatorError: the text has another form.
    """
    try:
        lat, lon, alt = (float(part) for part in text.split(","))
        Geodetic(lat_deg=lat, lon_deg=lon)
    except (ValueError, InvalidGeometry):
        msg = f"--home: {text}: want LAT,LON,ALT_AMSL_M in degrees and metres, latitude first"
        raise SimulatorError(msg) from None
    return Place(lat_deg=lat, lon_deg=lon, alt_amsl_m=alt)


def parse_utc(text: str) -> float:
    """Unix seconds of an ISO 8601 time; without a zone it is UTC.

    Raises:
        SimulatorError: the text is no such time.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        msg = f"--start-utc: {text}: want an ISO 8601 time such as 2026-03-02T02:00:00Z"
        raise SimulatorError(msg) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flights.simulator", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="tcp:127.0.0.1:PORT", help="PORT 0 chooses a free one")
    parser.add_argument("--home", required=True, metavar="LAT,LON,ALT_AMSL_M", help="where it stands, on flat ground")
    parser.add_argument("--start-utc", required=True, metavar="ISO", help="UTC at simulated second 0")
    parser.add_argument("--truth", required=True, type=Path, metavar="FILE", help="JSON lines of the true pose, 20 Hz")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="simulated seconds per second, up to 8")
    parser.add_argument("--seed", type=int, default=0, help="seed of wind and sensor errors")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME@SECOND", help="may be given many times")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="set a parameter at start")
    parser.add_argument(
        "--gimbal-frame", choices=("earth", "vehicle"), default="earth", help="frame of the reported gimbal yaw"
    )
    parser.add_argument("--max-wall-s", type=float, default=900.0, metavar="S", help="stop by itself after this long")
    return parser


def _set_parameters(simulation: Simulation, settings: list[str]) -> None:
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            known = simulation.pilot.params.set(name, float(value))
        except ValueError:
            known = None
        if known is None:
            msg = f"--param: {setting}: want NAME=VALUE with a known parameter and a number"
            raise SimulatorError(msg)


def _stop_signals() -> list[int]:
    """A list that gets every SIGTERM from now on."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    signal.signal(signal.SIGTERM, note)
    return received


def _fly(arguments: argparse.Namespace) -> None:
    if not 0 < arguments.speed <= 20:
        msg = f"--speed: {arguments.speed}: want more than 0 and at most 20"
        raise SimulatorError(msg)
    aircraft = Aircraft(parse_home(arguments.home), seed=arguments.seed)
    start_utc_s, faults = parse_utc(arguments.start_utc), [parse_fault(text) for text in arguments.fault]
    link = Link(*parse_listen(arguments.listen))
    try:
        with arguments.truth.open("w", encoding="utf-8", buffering=1) as truth:
            simulation = Simulation(
                aircraft, link, truth, start_utc_s=start_utc_s, speed=arguments.speed, faults=faults
            )
            simulation.telemetry.gimbal_in_vehicle_frame = arguments.gimbal_frame == "vehicle"
            _set_parameters(simulation, arguments.param)
            stopping = _stop_signals()
            print(f"ready tcp:127.0.0.1:{link.port}", flush=True)  # noqa: T201 - the promised line
            simulation.run(
                until_wall_s=arguments.max_wall_s,
                should_stop=lambda: bool(stopping),
                stdin=sys.stdin.fileno() if sys.stdin else None,
            )
    finally:
        link.close()


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 after a stop, 2 when the arguments cannot be used."""
    try:
        _fly(_arguments().parse_args(argv))
    except (SimulatorError, OSError) as error:
        print(f"flights.simulator: {error}", file=sys.stderr)  # noqa: T201 - one clear line
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
