"""From an autopilot's samples to telemetry rows, whatever kind of log they come from.

The sensors report at different moments; attitude and lens are interpolated to the moment of each position, and never
extrapolated: a position before the first or after the last attitude is a fault.
"""

from __future__ import annotations

import bisect
import math
from typing import TYPE_CHECKING, TypeVar

from flights.samples import (
    AttitudeSample,
    CaptureSample,
    ClockSample,
    GimbalSample,
    PositionSample,
    TextSample,
    utc_minus_boot_s,
)  # fmt: skip
from flights.telemetry.log import NO_ATTITUDE, Capture, TelemetryFault, TelemetryLog, TelemetryRow, no_place
from geofences.attitude import Attitude

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flights.samples import Sample

MAX_APART_S = 1.0  # an attitude older or newer than this says nothing about a position
RESTART_S = 1.0  # messages overtake each other by less; a clock that falls back by more was started anew
T = TypeVar("T")
Turned = tuple[float, float, float, float]
Numbered = tuple[int, "Sample"]


def merge_samples(
    samples: Iterable[Numbered],
    *,
    source: str,
    kind: str,
    faults: Sequence[TelemetryFault] = (),
    assumptions: Sequence[str] = (),
) -> TelemetryLog:
    """One row per position, with the body's and the lens's attitude at that moment; one capture per picture reported.

    Args:
        samples: with their row numbers, in the order they came; the autopilot may have been restarted between them.
        source: the file's name.
        kind: its format.
        faults: what the reader could not read.
        assumptions: what the reader took for granted.
    """
    numbered = list(samples)
    rows: list[TelemetryRow] = []
    captures: list[Capture] = []
    found = list(faults)
    blind = not any(isinstance(sample, GimbalSample) for _, sample in numbered)
    for boot in _boots(numbered):
        offset_s = utc_minus_boot_s(_of(boot, ClockSample))
        bodies = _unwrapped((s.boot_s, s.yaw_deg, s.pitch_deg, s.roll_deg) for s in _of(boot, AttitudeSample))
        lenses = _unwrapped(_lens_from_north(_of(boot, GimbalSample), bodies))
        for number, sample in boot:
            made: TelemetryRow | Capture | TelemetryFault | None = None
            if isinstance(sample, PositionSample):
                body, lens = _at(bodies, sample.boot_s), _at(lenses, sample.boot_s)
                made = _row(number, sample, offset_s, body, lens, blind=blind)
            elif isinstance(sample, CaptureSample):
                made = _capture(number, sample, offset_s)
            match made:
                case TelemetryRow():
                    rows.append(made)
                case Capture():
                    captures.append(made)
                case TelemetryFault():
                    found.append(made)
    return TelemetryLog(
        source=source,
        format=kind,
        rows=tuple(rows),
        faults=tuple(sorted(found, key=lambda fault: fault.row)),
        assumptions=(*assumptions, NO_ATTITUDE) if blind else tuple(assumptions),
        captures=tuple(captures),
    )


def _boots(numbered: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """Stretches between restarts of the autopilot: each has its own offset to UTC."""
    boot: list[Numbered] = []
    latest_s = -math.inf
    for number, sample in numbered:
        if isinstance(sample, TextSample):
            continue
        if boot and sample.boot_s < latest_s - RESTART_S:
            yield boot
            boot, latest_s = [], -math.inf
        boot.append((number, sample))
        latest_s = max(latest_s, sample.boot_s)
    if boot:
        yield boot


def _row(
    number: int,
    sample: PositionSample,
    offset_s: float | None,
    body: Attitude | None,
    lens: Attitude | None,
    *,
    blind: bool,
) -> TelemetryRow | TelemetryFault:
    nowhere = no_place(sample.lat_deg, sample.lon_deg)
    if nowhere:
        return TelemetryFault(row=number, field="position", reason=nowhere)
    if offset_s is None or body is None or (lens is None and not blind):
        missing = "time" if offset_s is None else "body attitude" if body is None else "lens attitude"
        return TelemetryFault(row=number, field=missing, reason="not heard around this position")
    return TelemetryRow(
        row=number,
        lat_deg=sample.lat_deg,
        lon_deg=sample.lon_deg,
        at_s=sample.boot_s + offset_s,
        alt_amsl_m=sample.alt_amsl_m,
        height_home_m=sample.height_home_m if math.isfinite(sample.height_home_m) else None,
        gimbal=lens,
        body=body,
        velocity_enu_m_s=sample.velocity_enu_m_s,
    )


def _capture(number: int, sample: CaptureSample, offset_s: float | None) -> Capture | TelemetryFault:
    nowhere = no_place(sample.lat_deg, sample.lon_deg)
    angles = (sample.yaw_deg, sample.pitch_deg, sample.roll_deg)
    if nowhere or not all(map(math.isfinite, angles)):
        return TelemetryFault(row=number, field="picture", reason=nowhere or "its attitude is not finite")
    by_boot_s = None if offset_s is None else sample.boot_s + offset_s
    return Capture(
        row=number,
        index=sample.index,
        at_s=by_boot_s if sample.unix_s is None else sample.unix_s,
        lat_deg=sample.lat_deg,
        lon_deg=sample.lon_deg,
        alt_amsl_m=sample.alt_amsl_m,
        attitude=Attitude(yaw_deg=sample.yaw_deg, pitch_deg=sample.pitch_deg, roll_deg=sample.roll_deg),
    )


def _of(numbered: Iterable[Numbered], kind: type[T]) -> list[T]:
    return [sample for _, sample in numbered if isinstance(sample, kind)]


def _lens_from_north(samples: Iterable[GimbalSample], bodies: Sequence[Turned]) -> Iterable[Turned]:
    for sample in samples:
        body = None if sample.from_north else _at(bodies, sample.boot_s)
        if sample.from_north or body is not None:
            yaw = sample.yaw_deg + (0.0 if body is None else body.yaw_deg)
            yield (sample.boot_s, yaw, sample.pitch_deg, sample.roll_deg)


def _unwrapped(turned: Iterable[Turned]) -> list[Turned]:
    """Finite ones in order of time, with yaw continuous across north."""
    result: list[Turned] = []
    for at, yaw, pitch, roll in sorted(one for one in turned if all(map(math.isfinite, one))):
        if result:
            yaw = result[-1][1] + (yaw - result[-1][1] + 180) % 360 - 180  # noqa: PLW2901 - the same yaw, another turn
        result.append((at, yaw, pitch, roll))
    return result


def _at(turned: Sequence[Turned], boot_s: float) -> Attitude | None:
    """Linear between the neighbours on both sides; None where one is missing or too far off."""
    right = bisect.bisect_left(turned, (boot_s,))
    if right < len(turned) and turned[right][0] == boot_s:
        a = b = turned[right]
    elif 0 < right < len(turned):
        a, b = turned[right - 1], turned[right]
    else:
        return None
    if max(boot_s - a[0], b[0] - boot_s) > MAX_APART_S:
        return None
    share = (boot_s - a[0]) / (b[0] - a[0]) if b[0] > a[0] else 0.0
    yaw, pitch, roll = (p + (q - p) * share for p, q in zip(a[1:], b[1:], strict=True))
    return Attitude(yaw_deg=(yaw + 180) % 360 - 180, pitch_deg=pitch, roll_deg=roll)
