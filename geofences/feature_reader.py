"""Reads the properties of one GeoJSON feature, and notes every fault it meets instead of stopping at the first."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from typing import TYPE_CHECKING

from geofences.errors import InvalidGeometry, ZoneFileError
from geofences.zone import Schedule, Window, ZoneKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SCHEDULE_REMEDY = (
    'Write {"timezone": "Asia/Shanghai", "windows": [{"days": ["mon", "tue"], "from": "18:00", "until": "02:00"}]}.'
)


class FeatureReader:
    """One feature under inspection. A read that fails notes a fault and answers None.

    Attributes:
        properties: the feature's properties.
        faults: what was found wrong so far.
    """

    def __init__(self, *, path: str, label: str, properties: Mapping[str, object]) -> None:
        self.properties = properties
        self.faults: list[ZoneFileError] = []
        self._path = path
        self._label = label

    def fault(self, field: str, fault: str, remedy: str) -> None:
        """Note one fault of this feature."""
        self.faults.append(ZoneFileError(path=self._path, feature=self._label, field=field, fault=fault, remedy=remedy))

    def check_names(self, known: Collection[str]) -> None:
        """Note properties that look like a known one misspelt; others are foreign and allowed."""
        for name in self.properties:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            if name not in known and near:
                self.fault(name, "unknown property", f"Did you mean {near[0]!r}?")

    def text(self, field: str) -> str | None:
        """A property that must be there and not blank."""
        value = self.properties.get(field)
        if value is None:
            self.fault(field, "is missing", f"Add the property {field!r}.")
        elif not isinstance(value, str) or not value.strip():
            self.fault(field, f"is {value!r}", "It must be a text that is not blank.")
        else:
            return value
        return None

    def optional_text(self, field: str) -> str:
        """A property that may be absent, then empty."""
        value = self.properties.get(field) or ""
        if isinstance(value, str):
            return value
        self.fault(field, f"is {value!r}", "It must be a text.")
        return ""

    def kind(self) -> ZoneKind | None:
        """The zone kind."""
        value = self.text("kind")
        if value is None:
            return None
        try:
            return ZoneKind(value)
        except ValueError:
            self.fault("kind", f"unknown kind {value!r}", f"Known kinds: {', '.join(ZoneKind)}.")
            return None

    def moment_s(self, field: str, *, required: bool) -> float | None:
        """An ISO 8601 date and time with offset, as seconds since the Unix epoch."""
        value = self.properties.get(field)
        if value is None and not required:
            return None
        text = self.text(field)
        if text is None:
            return None
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            self.fault(field, f"{text!r} is no ISO 8601 date and time", "Write it like 2026-01-31T18:00:00+08:00.")
            return None
        if moment.tzinfo is None:
            self.fault(field, f"{text!r} has no offset from UTC", "Say which: for China, append +08:00.")
            return None
        return moment.timestamp()

    def span_s(self, *, required: bool) -> tuple[float | None, float | None]:
        """`valid_from` and `valid_until`, in that order of time."""
        from_s = self.moment_s("valid_from", required=required)
        until_s = self.moment_s("valid_until", required=required)
        if from_s is not None and until_s is not None and until_s <= from_s:
            self.fault("valid_until", "is not after valid_from", "Correct one of the two.")
        return from_s, until_s

    def schedule(self) -> Schedule | None:
        """The weekly schedule, if the feature has one."""
        value = self.properties.get("schedule")
        if value is None:
            return None
        try:
            return _schedule(value)
        except (InvalidGeometry, TypeError, KeyError, ValueError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            self.fault("schedule", reason, _SCHEDULE_REMEDY)
            return None


def _schedule(value: object) -> Schedule:
    members = _members(value, "schedule")
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
    if not isinstance(days, list) or not set(map(str, days)) <= set(WEEKDAYS):
        raise ValueError(f"days must be a list of {', '.join(WEEKDAYS)}, not {days!r}")
    return Window(
        weekdays=frozenset(WEEKDAYS.index(day) for day in days),
        from_time=_clock_time(members["from"]),
        until_time=_clock_time(members["until"]),
    )


def _clock_time(value: object) -> dt.time:
    """A local time HH:MM; 24:00 is midnight."""
    text = "00:00" if value == "24:00" else str(value)
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise ValueError(f"{value!r} is no time HH:MM")
    return dt.time.fromisoformat(text)
