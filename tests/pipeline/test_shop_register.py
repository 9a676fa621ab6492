"""The shop register is read, and a wrong row is named by its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import BadInput
from pipeline.shop_register import read_shops

if TYPE_CHECKING:
    from pathlib import Path


def test_shops_are_read_and_need_not_be_there(tmp_path: Path) -> None:
    """Name and place of each row, byte order mark or none; no file is no shops."""
    assert read_shops(tmp_path / "shops.csv") == ()
    (tmp_path / "shops.csv").write_text("\ufeffname,lat_deg,lon_deg,phone\n桥西烧烤店,30.3,120.1,1\n", encoding="utf-8")
    (shop,) = read_shops(tmp_path / "shops.csv")
    assert (shop.name, shop.fix.position.lat_deg, shop.fix.position.lon_deg) == ("桥西烧烤店", 30.3, 120.1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name,lat_deg\na,1\n", "lon_deg"),
        ("name,lat_deg,lon_deg\na,x,1\n", "line 2"),
        ("name,lat_deg,lon_deg\na,1,1\n,1,1\n", "line 3"),
        ("name,lat_deg,lon_deg\na,120.1,330.3\n", "line 2"),
    ],
)
def test_a_wrong_register_is_refused(tmp_path: Path, content: str, told: str) -> None:
    """The column or the line is named."""
    (tmp_path / "shops.csv").write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=told):
        read_shops(tmp_path / "shops.csv")
