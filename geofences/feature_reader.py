"""The properties of a GeoJSON feature: a JSON value in and a domain value out, or a `Fault`; and the way back."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import lru_cache

from geofences.errors import InvalidGeometry
from geofences.zone import Schedule, Window, ZoneKind

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SCHEDULE_REMEDY = (
    'Write {"timezone": "Asia/Shanghai", "windows": [{"days": ["mon", "tue"], "from": "18:00", "until": "02:00"}]}.'
)


class Fault(Exception):
    """What is wrong with one property or geometry, on its way to the error that names its file and feature.

    Attributes:
        fault: what is wrong.
        remedy: what to do about it.
    """

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(fault)
        self.fault = fault
        self.remedy = remedy


def read_text(value: object) -> str:
    """A text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise Fault(f"is {value!r}", "It must be a text that is not blank.")
    return value


def read_note(value: object) -> str:
    """A text that may be empty."""
    if not isinstance(value, str):
        raise Fault(f"is {value!r}", "It must be a text.")
    return value


def read_height(value: object) -> float:
    """Metres above the ground."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1000:
        raise Fault(f"is {value!r}", "Write metres above the ground as a number, 0 to 1000.")
    return float(value)


def read_kind(value: object) -> ZoneKind:
    """The zone kind."""
    text = read_text(value)
    try:
        return ZoneKind(text)
    except ValueError as error:
        raise Fault(f"unknown kind {text!r}", f"Known kinds: {', '.join(ZoneKind)}.") from error


def read_moment_s(value: object) -> float:
    """An ISO 8601 date and time with offset, as seconds since the Unix epoch."""
    text = read_text(value)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Fault(f"{text!r} is no ISO 8601 date and time", "Write it like 2026-01-31T18:00:00+08:00.") from error
    if moment.tzinfo is None:
        raise Fault(f"{text!r} has no offset from UTC", "Say which: for China, append +08:00.")
    return moment.timestamp()


def write_moment(at_s: float) -> str:
    """Seconds since the Unix epoch as ISO 8601, UTC."""
    return dt.datetime.fromtimestamp(at_s, dt.UTC).isoformat()


def read_schedule(value: object) -> Schedule:
    """The weekly schedule."""
    try:
        return _schedule(json.dumps(value))
    except (InvalidGeometry, TypeError, KeyError, ValueError) as error:
        raise Fault(f"lacks {error}" if isinstance(error, KeyError) else str(error), _SCHEDULE_REMEDY) from error


def write_schedule(schedule: Schedule) -> dict[str, object]:
    """The JSON object that `read_schedule` reads."""
    windows = [
        {
            "days": [_WEEKDAYS[day] for day in sorted(window.weekdays)],
            "from": f"{window.from_time:%H:%M}",
            "until": f"{window.until_time:%H:%M}",
        }
        for window in schedule.windows
    ]
    return {"timezone": schedule.timezone, "windows": windows}


@lru_cache(maxsize=4096)
def _schedule(text: str) -> Schedule:
    """Parsed once for each distinct text: thousands of zones share a schedule."""
    members = _members(json.loads(text), "schedule")
    windows, timezone = members["windows"], members["timezone"]
    if not isinstance(windows, list) or not isinstance(timezone, str):
        raise TypeError("windows must be a list and timezone a text")
    return Schedule(windows=tuple(_window(_members(window, "a window")) for window in windows), timezone=timezone)


def _members(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"{name} must be an object, not {value!r}")
    return value


def _window(members: dict[str, object]) -> Window:
    days = members["days"]
    if not isinstance(days, list) or not set(map(str, days)) <= set(_WEEKDAYS):
        raise ValueError(f"days must be a list of {', '.join(_WEEKDAYS)}, not {days!r}")
    return Window(
        weekdays=frozenset(_WEEKDAYS.index(day) for day in days),
        from_time=_clock_time(members["from"]),
        until_time=_clock_time(members["until"]),
    )


def _clock_time(value: object) -> dt.time:
    """A local time HH:MM; 24:00 is midnight."""
    text = "00:00" if value == "24:00" else str(value)
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise ValueError(f"{value!r} is no time HH:MM")
    return dt.time.fromisoformat(text)
