"""Choosing a reader by what a file is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flights.errors import TelemetryError
from flights.telemetry.reader import read_telemetry

if TYPE_CHECKING:
    from pathlib import Path

CUE = "1\n00:00:00,000 --> 00:00:01,000\nGPS(120.1390,30.3195,16) BAROMETER:40.1\n"


def test_content_counts_more_than_the_suffix(tmp_path: Path) -> None:
    """A subtitle log in a .txt is read; a text that is no log is refused with a remedy."""
    (tmp_path / "log.txt").write_text(CUE, encoding="utf-8")
    assert read_telemetry(tmp_path / "log.txt").format == "dji-srt"
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(TelemetryError, match=r"notes\.txt: file: neither"):
        read_telemetry(tmp_path / "notes.txt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path and what to do."""
    with pytest.raises(TelemetryError, match=r"gone\.srt: file: cannot be read"):
        read_telemetry(tmp_path / "gone.srt")
