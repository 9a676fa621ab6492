"""The shop register of a site: `shops.csv` with the columns name, lat_deg, lon_deg; a site need not have one."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from geofences.ellipse import ErrorEllipse
from geofences.errors import InvalidGeometry
from geofences.location import GroundFix
from geofences.position import Geodetic
from pipeline.domain.sign_match import Shop
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("name", "lat_deg", "lon_deg")


def read_shops(path: Path) -> tuple[Shop, ...]:
    """The shops of a register; none where the file does not exist.

    Raises:
        BadInput: a column is missing, or a row is no shop; names the line.
    """
    if not path.is_file():
        return ()
    remedy = "Give UTF-8 CSV with the columns " + ", ".join(COLUMNS) + ", WGS 84 degrees"
    try:
        rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise BadInput(path=str(path), field=missing[0], fault="is not among the columns", remedy=remedy)
        return tuple(_shop(row, f"line {number}", path, remedy) for number, row in enumerate(rows, start=2))
    except UnicodeDecodeError as error:
        raise BadInput(path=str(path), field="file", fault="is no UTF-8 text", remedy=remedy) from error


def _shop(row: dict[str, str | None], line: str, path: Path, remedy: str) -> Shop:
    try:
        name = (row["name"] or "").strip()
        place = Geodetic(lat_deg=float(row["lat_deg"] or ""), lon_deg=float(row["lon_deg"] or ""), alt_ellipsoid_m=0.0)
    except (ValueError, InvalidGeometry) as error:
        raise BadInput(path=str(path), field=line, fault=str(error), remedy=remedy) from error
    if not name:
        raise BadInput(path=str(path), field=line, fault="has no name", remedy=remedy)
    point = ErrorEllipse(semi_major_m=0.0, semi_minor_m=0.0, bearing_deg=0.0)
    return Shop(name=name, fix=GroundFix(position=place, enu_m=np.zeros(3), ellipse=point, budget=()))
