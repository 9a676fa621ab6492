"""Our own flight log: JSON lines as `flights.recorder` writes them, read back into telemetry rows.

The three sensors report at different moments; attitude and lens are interpolated to the moment of each position.
"""

from __future__ import annotations

import bisect
import json
from typing import TYPE_CHECKING, TypeVar

from flights.samples import KINDS, AttitudeSample, ClockSample, GimbalSample, PositionSample, utc_minus_boot_s
from flights.telemetry.log import TelemetryFault, TelemetryLog, TelemetryRow
from geofences.attitude import Attitude

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flights.samples import Sample

MAX_APART_S = 1.0  # an attitude older or newer than this says nothing about a position
T = TypeVar("T")
Turned = tuple[float, float, float, float]


def parse_flight_log(text: str, *, source: str) -> TelemetryLog:
    """Read a flight log.

    Args:
        text: the file's content; a cut-off last line, as after a crash, is one fault.
        source: its name, for messages.

    Raises:
        TelemetryError: no position can be given a time and a lens attitude.
    """
    samples: list[tuple[int, Sample]] = []
    faults: list[TelemetryFault] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            entry = json.loads(line)
            kind = KINDS.get(entry.pop("kind"))
            if kind is PositionSample:
                east, north, up = entry["velocity_enu_m_s"]
                entry["velocity_enu_m_s"] = (east, north, up)
            if kind is not None:
                samples.append((number, kind(**entry)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            faults.append(TelemetryFault(row=number, field="line", reason=f"not a log entry: {error}"))
    rows, unusable = merge_samples(samples)
    log = TelemetryLog(source=source, format="flight-log", rows=rows, faults=tuple(faults) + unusable)
    return log.usable(remedy="Use a log of a flight that had a satellite fix.")


def merge_samples(samples: Iterable[tuple[int, Sample]]) -> tuple[tuple[TelemetryRow, ...], tuple[TelemetryFault, ...]]:
    """One row per position, with the body's and the lens's attitude at that moment.

    Args:
        samples: with their row numbers, in the order they came.
    """
    numbered = list(samples)
    offset_s = utc_minus_boot_s(s for _, s in numbered if isinstance(s, ClockSample))
    bodies = _unwrapped((s.boot_s, s.yaw_deg, s.pitch_deg, s.roll_deg) for s in _of(numbered, AttitudeSample))
    lenses = _unwrapped(_lens_from_north(_of(numbered, GimbalSample), bodies))
    rows: list[TelemetryRow] = []
    faults: list[TelemetryFault] = []
    for number, sample in numbered:
        if not isinstance(sample, PositionSample):
            continue
        lens, body = _at(lenses, sample.boot_s), _at(bodies, sample.boot_s)
        if offset_s is None or lens is None or body is None:
            missing = "time" if offset_s is None else "lens attitude" if lens is None else "body attitude"
            faults.append(TelemetryFault(row=number, field=missing, reason="not heard around this position"))
            continue
        rows.append(
            TelemetryRow(
                row=number,
                lat_deg=sample.lat_deg,
                lon_deg=sample.lon_deg,
                at_s=sample.boot_s + offset_s,
                alt_amsl_m=sample.alt_amsl_m,
                height_home_m=sample.height_home_m,
                gimbal=lens,
                body=body,
                velocity_enu_m_s=sample.velocity_enu_m_s,
            )
        )
    return tuple(rows), tuple(faults)


def _of(numbered: Iterable[tuple[int, Sample]], kind: type[T]) -> list[T]:
    return [sample for _, sample in numbered if isinstance(sample, kind)]


def _lens_from_north(samples: Iterable[GimbalSample], bodies: Sequence[Turned]) -> Iterable[Turned]:
    for sample in samples:
        body = None if sample.from_north else _at(bodies, sample.boot_s)
        if sample.from_north or body is not None:
            yaw = sample.yaw_deg + (0.0 if body is None else body.yaw_deg)
            yield (sample.boot_s, yaw, sample.pitch_deg, sample.roll_deg)


def _unwrapped(turned: Iterable[Turned]) -> list[Turned]:
    """In order of time, with yaw continuous across north."""
    result: list[Turned] = []
    for at, yaw, pitch, roll in sorted(turned):
        if result:
            yaw = result[-1][1] + (yaw - result[-1][1] + 180) % 360 - 180  # noqa: PLW2901 - the same yaw, another turn
        result.append((at, yaw, pitch, roll))
    return result


def _at(turned: Sequence[Turned], boot_s: float) -> Attitude | None:
    """Linear between neighbours; the nearest one at the ends; None when all are too far off."""
    right = bisect.bisect_left(turned, (boot_s,))
    near = [turned[i] for i in (right - 1, right) if 0 <= i < len(turned) and abs(turned[i][0] - boot_s) <= MAX_APART_S]
    if not near:
        return None
    a, b = near[0], near[-1]
    share = (boot_s - a[0]) / (b[0] - a[0]) if b[0] > a[0] else 0.0
    yaw, pitch, roll = (p + (q - p) * share for p, q in zip(a[1:], b[1:], strict=True))
    return Attitude(yaw_deg=(yaw + 180) % 360 - 180, pitch_deg=pitch, roll_deg=roll)
