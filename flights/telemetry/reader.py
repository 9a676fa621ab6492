"""One way to read telemetry: looks at what a file is, and picks the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flights.errors import TelemetryError
from flights.telemetry.dataflash import is_dataflash, parse_dataflash
from flights.telemetry.dji_srt import parse_dji_srt
from flights.telemetry.exif_xmp import read_stills
from flights.telemetry.jsonl import parse_flight_log
from flights.telemetry.tlog import is_tlog, parse_tlog

if TYPE_CHECKING:
    from pathlib import Path

    from flights.telemetry.log import TelemetryLog

STILLS = frozenset({".jpg", ".jpeg"})
MAX_BYTES = 500_000_000


def read_telemetry(path: Path, *, timezone: str | None = None) -> TelemetryLog:
    """Read a patrol's log (.jsonl), ArduPilot's (.bin, .log, .tlog), DJI's (.srt), a still (.jpg) or a folder of them.

    Args:
        path: the file or folder.
        timezone: zone of local time stamps; UTC, and said so in the log's assumptions, when None.

    Raises:
        TelemetryError: unreadable, of unknown kind, or without any usable row.
    """
    if path.is_dir():
        stills = sorted(file for file in path.iterdir() if file.suffix.lower() in STILLS)
        return read_stills(stills, source=str(path), timezone=timezone)
    if path.suffix.lower() in STILLS:
        return read_stills([path], source=str(path), timezone=timezone)
    content = _content(path)
    if is_dataflash(content):
        return parse_dataflash(content, source=str(path))
    if path.suffix.lower() == ".tlog" or is_tlog(content):
        return parse_tlog(content, source=str(path))
    text = content.decode("utf-8", errors="replace")
    first = next((line.strip() for line in text.splitlines() if line.strip()), "").lstrip("\ufeff")
    if first.startswith("{") and '"kind"' in first:
        return parse_flight_log(text, source=str(path))
    if path.suffix.lower() == ".srt" or "-->" in text[:500]:
        return parse_dji_srt(text, source=str(path), timezone=timezone)
    fault = "neither a flight log, an autopilot's log, a subtitle log nor a still"
    remedy = "Give a patrol's .jsonl, ArduPilot's .bin or .tlog, a DJI .SRT, or stills."
    raise _unusable(path, fault, remedy)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unusable(path, "over 500 MB", "Split the recording.")
        return path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}", "Check the path and its permissions.") from error


def _unusable(path: Path, fault: str, remedy: str) -> TelemetryError:
    return TelemetryError(path=str(path), row=None, field="file", fault=fault, remedy=remedy)
