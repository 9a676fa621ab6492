"""`python -m flights.simulator`: one simulated aircraft on one TCP port. Stops when stdin closes, and on SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from flights.errors import SimulatorError
from flights.simulator.aircraft import Aircraft
from flights.simulator.faults import parse_fault
from flights.simulator.link import Link
from flights.simulator.simulation import Simulation
from geofences.errors import InvalidGeometry
from geofences.position import Geodetic


def _port(text: str) -> int:
    kind, _, rest = text.partition(":")
    host, _, port = rest.partition(":")
    if kind != "tcp" or host != "127.0.0.1" or not port.isdigit():
        raise SimulatorError(f"--listen: {text}: want tcp:127.0.0.1:PORT, where PORT 0 chooses a free one")
    return int(port)


def _home(text: str) -> tuple[float, float, float]:
    try:
        lat, lon, alt = (float(part) for part in text.split(","))
        Geodetic(lat_deg=lat, lon_deg=lon)
    except (ValueError, InvalidGeometry):
        wanted = "LAT,LON,ALT_AMSL_M in degrees and metres, latitude first"
        raise SimulatorError(f"--home: {text}: want {wanted}") from None
    return lat, lon, alt


def _utc_s(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        wanted = "an ISO 8601 time such as 2026-03-02T02:00:00Z"
        raise SimulatorError(f"--start-utc: {text}: want {wanted}") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flights.simulator", description=__doc__)
    add = parser.add_argument
    add("--listen", required=True, metavar="tcp:127.0.0.1:PORT", help="PORT 0 chooses a free one")
    add("--home", required=True, metavar="LAT,LON,ALT_AMSL_M", help="where it stands, on flat ground")
    add("--start-utc", required=True, metavar="ISO", help="UTC at simulated second 0; without a zone it is UTC")
    add("--truth", required=True, type=Path, metavar="FILE", help="JSON lines of the true pose, 20 Hz")
    add("--speed", type=float, default=1.0, metavar="N", help="simulated seconds per second, up to 20")
    add("--seed", type=int, default=0, help="seed of wind and sensor errors")
    add("--fault", action="append", default=[], metavar="NAME@SECOND", help="may be given many times")
    add("--max-wall-s", type=float, default=900.0, metavar="S", help="stop by itself after this long")
    return parser


def _fly(arguments: argparse.Namespace) -> None:
    if not 0 < arguments.speed <= 20:
        raise SimulatorError(f"--speed: {arguments.speed}: want more than 0 and at most 20")
    aircraft = Aircraft(*_home(arguments.home), seed=arguments.seed)
    start_utc_s, faults = _utc_s(arguments.start_utc), [parse_fault(text) for text in arguments.fault]
    link = Link(_port(arguments.listen))
    try:
        with arguments.truth.open("w", encoding="utf-8", buffering=1) as truth:
            simulation = Simulation(aircraft, link, truth, start_utc_s=start_utc_s, faults=faults)
            stopping: list[int] = []
            signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
            print(f"ready tcp:127.0.0.1:{link.port}", flush=True)  # noqa: T201 - the promised line
            simulation.run(
                speed=arguments.speed,
                until_wall_s=arguments.max_wall_s,
                should_stop=lambda: bool(stopping),
                stdin=sys.stdin.fileno() if sys.stdin else None,
            )
    finally:
        link.drop()


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
