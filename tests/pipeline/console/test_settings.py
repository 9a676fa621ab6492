"""What a site may set."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.console.settings import ConsoleSettings
from pipeline.errors import BadInput


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"language": "de"}, "language"),
        ({"officer": "  "}, "officer"),
        ({"page_size": 0}, "page_size"),
        ({"map_radius_m": float("nan")}, "map_radius_m"),
        ({"tile_url": "https://tiles.example/map.png"}, "tile_url"),
        ({"tile_url": "file:///{z}/{x}/{y}.png"}, "tile_url"),
        ({"tile_url": "https://a.example; script-src *//{z}/{x}/{y}"}, "tile_url"),
    ],
)
def test_unusable_settings_are_named(fields: dict[str, Any], named: str) -> None:
    """A setting that would fail later is refused at once, with its name."""
    with pytest.raises(BadInput) as refused:
        ConsoleSettings(**fields)
    assert named in refused.value.field


def test_a_tile_template_gives_its_host() -> None:
    """Subdomains become a wildcard; no template, no host."""
    assert ConsoleSettings().tile_source == ""
    settings = ConsoleSettings(tile_url="https://{s}.tiles.example:8443/{z}/{x}/{y}.png")
    assert settings.tile_source == "https://*.tiles.example:8443"
