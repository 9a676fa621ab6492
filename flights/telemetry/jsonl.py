"""Our own flight log: JSON lines as `flights.recorder` writes them, read back into telemetry rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flights.samples import KINDS, PositionSample
from flights.telemetry.log import TelemetryFault
from flights.telemetry.merge import merge_samples

if TYPE_CHECKING:
    from flights.samples import Sample
    from flights.telemetry.log import TelemetryLog


def parse_flight_log(text: str, *, source: str) -> TelemetryLog:
    """Read a flight log.

    Args:
        text: the file's content; a cut-off last line, as after a crash, is one fault.
        source: its name, for messages.

    Raises:
        TelemetryError: no position can be given a time and an attitude.
    """
    samples: list[tuple[int, Sample]] = []
    faults: list[TelemetryFault] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        try:
            sample = _sample(line)
            if sample is not None:
                samples.append((number, sample))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            faults.append(TelemetryFault(row=number, field="line", reason=f"not a log entry: {error}"))
    log = merge_samples(samples, source=source, kind="flight-log", faults=faults)
    return log.usable(remedy="Use a log of a flight that had a satellite fix.")


def _sample(line: str) -> Sample | None:
    """The sample in a line, or None for other entries.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is no entry, or an entry with other values than its kind's.
    """
    entry = json.loads(line)
    for clock in ("mono_s", "utc_s"):  # of the recorder; poses are stamped in the vehicle's own time
        entry.pop(clock, None)
    kind = KINDS.get(entry.pop("kind"))
    if kind is None:
        return None
    if kind is PositionSample:
        east, north, up = entry["velocity_enu_m_s"]
        entry["velocity_enu_m_s"] = (east, north, up)
    flat = [entry[name] for name in entry.keys() - {"velocity_enu_m_s", "text", "unix_s"}]
    if not all(isinstance(value, int | float) for value in (*flat, *entry.get("velocity_enu_m_s", ()))):
        raise ValueError("a value is not a number")
    return kind(**entry)
