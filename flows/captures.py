"""Which frame of a sortie's video, and which photograph of its camera, belongs to each picture the autopilot triggered.

captures.csv beside the flight log; what does not fit is named in its last lines, after a #.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from flights.telemetry.captures import join_captures
from flights.telemetry.reader import STILLS, read_telemetry

if TYPE_CHECKING:
    from pathlib import Path

    from flights.telemetry.log import TelemetryLog
    from pipeline.sources.media import ClipFacts

CAPTURES, PHOTOS = "captures.csv", "photos"
COLUMNS = (
    "index",
    "at_utc_s",
    "lat_deg",
    "lon_deg",
    "alt_amsl_m",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "frame",
    "photo",
)


def write_captures(folder: Path, log: TelemetryLog, video: ClipFacts, *, timezone: str) -> int:
    """Join the flight's CAMERA_FEEDBACK with frames and photographs; the number of captures written.

    Args:
        folder: of the sortie; photographs lie in `photos` under it, if there are any.
        log: of the flight.
        video: its recording, whose creation time is known.
        timezone: of the camera's clock.

    Raises:
        TelemetryError: a photograph cannot be read.
    """
    files = sorted(file for file in (folder / PHOTOS).glob("*") if file.suffix.lower() in STILLS)
    rows = {row.row: row.at_s for row in read_telemetry(folder / PHOTOS, timezone=timezone).rows} if files else {}
    joined = join_captures(log.captures, [rows.get(number) for number in range(1, len(files) + 1)])
    photo_of = {shot.row: files[number].name for number, shot in joined.pairs}
    with (folder / CAPTURES).open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for shot in log.captures:
            body, into_s = shot.attitude, (shot.at_s or 0.0) - (video.created_s or 0.0)
            frame = round(into_s * video.rate_hz) if shot.at_s and 0 <= into_s < video.duration_s else ""
            place = (shot.lat_deg, shot.lon_deg, shot.alt_amsl_m, body.yaw_deg, body.pitch_deg, body.roll_deg)
            table.writerow((shot.index, shot.at_s, *place, frame, photo_of.get(shot.row, "")))
        out.writelines(f"# {fault.field} {fault.row}: {fault.reason}\n" for fault in joined.faults if files)
    return len(log.captures)
