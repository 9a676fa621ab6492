"""Saying things in the officer's language: the catalogues, and numbers, times and places in words."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

LANGUAGES = ("zh-CN", "en")
_FOLDER = Path(__file__).parent / "catalogue"
_AGE_STEPS = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))


@lru_cache(maxsize=len(LANGUAGES))
def read_catalogue(language: str) -> Mapping[str, str]:
    """The texts of one language by dotted key, as shipped beside this module."""
    tables = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return MappingProxyType({f"{table}.{key}": text for table, rows in tables.items() for key, text in rows.items()})


def choose_language(*, asked: str | None, remembered: str | None, accepted: str, default: str) -> str:
    """The language to answer in.

    Args:
        asked: in the address, `?lang=`.
        remembered: in the cookie.
        accepted: the Accept-Language header; read in the order written, weights are not.
        default: the site's.

    Returns:
        one of `LANGUAGES`: the first of these that names one.
    """
    for wish in (asked, remembered):
        if wish in LANGUAGES:
            return wish
    for part in accepted.split(","):
        primary = part.split(";")[0].strip().split("-")[0].lower()
        for language in LANGUAGES:
            if primary == language.split("-")[0].lower():
                return language
    return default


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One answer's language, clock and time zone.

    Attributes:
        language: one of `LANGUAGES`.
        timezone: times are shown in it.
        now_s: ages are counted to it.
    """

    language: str
    timezone: ZoneInfo
    now_s: float

    def text(self, key: str, **values: object) -> str:
        """The text of a key, its gaps filled.

        Raises:
            KeyError: the catalogue has no such key, or a gap has no value: a fault of this program.
        """
        return read_catalogue(self.language)[key].format(**values)

    def name(self, group: str, value: str) -> str:
        """What a code such as `permit_valid` is called; the code itself where the catalogue does not know it."""
        return read_catalogue(self.language).get(f"{group}.{value}", value)

    def when(self, at_s: float) -> str:
        """Local date and time to the second."""
        return f"{self._local(at_s):%Y-%m-%d %H:%M:%S}"

    def clock(self, at_s: float) -> str:
        """Local date and time to the minute without the year."""
        return f"{self._local(at_s):%m-%d %H:%M}"

    def utc(self, at_s: float) -> str:
        """The same moment as it is stored, ISO 8601."""
        return f"{dt.datetime.fromtimestamp(at_s, dt.UTC):%Y-%m-%dT%H:%M:%SZ}"

    def span(self, first_s: float, last_s: float) -> str:
        """From when to when, the second day left out where it is the first."""
        first, last = self._local(first_s), self._local(last_s)
        if f"{first}" == f"{last}":
            return self.when(first_s)
        return (
            f"{first:%Y-%m-%d %H:%M:%S} – {last:%H:%M:%S}"
            if first.date() == last.date()
            else (f"{first:%Y-%m-%d %H:%M:%S} – {last:%Y-%m-%d %H:%M:%S}")
        )

    def zone_label(self) -> str:
        """The zone times are shown in, such as "UTC+08:00 Asia/Shanghai"."""
        offset = f"{self._local(self.now_s):%z}"
        return f"UTC{offset[:3]}:{offset[3:]} {self.timezone.key}"

    def age(self, at_s: float) -> str:
        """How long ago, in the largest whole unit."""
        age_s = self.now_s - at_s
        for unit_s, unit in _AGE_STEPS:
            if age_s >= unit_s:
                return self.text(f"age.{unit}", n=int(age_s // unit_s))
        return self.text("age.now")

    def duration(self, length_s: float) -> str:
        """A length of time to its useful digit."""
        if length_s < 60:
            return self.text("length.seconds", n=f"{length_s:.1f}".removesuffix(".0"))
        return self.text("length.minutes", n=int(length_s // 60), s=int(length_s % 60))

    def metres(self, length_m: float) -> str:
        """Metres: one decimal below ten, none above."""
        return f"{length_m:.1f}\N{NO-BREAK SPACE}m" if length_m < 10 else f"{length_m:.0f}\N{NO-BREAK SPACE}m"

    def listed(self, parts: list[str]) -> str:
        """Several things in one sentence."""
        return self.text("punctuation.list").join(parts)

    def _local(self, at_s: float) -> dt.datetime:
        return dt.datetime.fromtimestamp(at_s, self.timezone)
