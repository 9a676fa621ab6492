"""What was planted, where, and what an honest pipeline should say about it. Kept apart: only scorers read it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from detectors.detections import CLASS_NAMES
from geofences.position import Geodetic
from pipeline.scene.errors import TruthFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One planted thing.

    Attributes:
        truth_id: unique in its world.
        class_name: what a detector should call it.
        lawful: whether dropping it is right.
        expected_reason: the drop reason of a lawful one: permit_valid, outside_zone, outside_schedule; else empty.
        position: where it meets the ground; for a plume, under its source; for a row, its middle.
        radius_m: how far its parts reach from there.
        parts: ground contact of each part (each cone of a row); one for a thing in one piece.
    """

    truth_id: str
    class_name: str
    lawful: bool
    expected_reason: str
    position: Geodetic
    radius_m: float
    parts: tuple[Geodetic, ...]

    @property
    def class_id(self) -> int:
        """What a detector's class id for it is."""
        return CLASS_NAMES.index(self.class_name)


def write_truth(path: Path, planted: Sequence[Planted]) -> None:
    """Write planted things as JSON."""
    path.write_text(json.dumps({"planted": [asdict(p) for p in planted]}, indent=1) + "\n", encoding="utf-8")


def read_truth(path: Path) -> tuple[Planted, ...]:
    """Read what `write_truth` wrote.

    Raises:
        TruthFileError: the file is no truth file.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["planted"]
        for row in rows:
            row["position"] = Geodetic(**row["position"])
            row["parts"] = tuple(Geodetic(**part) for part in row["parts"])
        return tuple(Planted(**row) for row in rows)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        msg = f"{path}: not a truth file ({error}). Write it again with `write_truth`."
        raise TruthFileError(msg) from error
