"""What a site may set about its console, checked when it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geofences.datum import Datum
from pipeline.console.wording import LANGUAGES
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from geofences.position import Geodetic
    from pipeline.domain.frame import SourceKind

_PATH = "console settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSite:
    """An aircraft or camera as officers know it.

    Attributes:
        source_id: as findings name it.
        name: for people.
        kind: how it looks.
        position: where it stands; None for what moves or is not known.
    """

    source_id: str
    name: str
    kind: SourceKind
    position: Geodetic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """How the console looks and who uses it.

    Attributes:
        site_name: shown in the header, such as a street's name.
        officer: account written into the log; the only one until the console has accounts.
        timezone: IANA name of the zone times are shown in.
        language: shown to browsers that ask for none of ours.
        page_size: cases on one page of the queue.
        map_radius_m: zones, permits and cameras within this of a case are drawn on its map.
        tile_url: base map in Leaflet's form; "" draws the site's own zones alone.
        tile_datum: what the base map is drawn in; all that is drawn on it is moved there.
        tile_attribution: the base map's owner, shown on the map.
    """

    site_name: str = ""
    officer: str = "officer@loopback"
    timezone: str = "Asia/Shanghai"
    language: str = "zh-CN"
    page_size: int = 50
    map_radius_m: float = 300.0
    tile_url: str = ""
    tile_datum: Datum = Datum.WGS84
    tile_attribution: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that would only fail in front of an officer.

        Raises:
            BadInput: the time zone or language is unknown, a size is not positive, or the tile address is no template.
        """
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _bad("timezone", f"unknown time zone {self.timezone!r}", "Use a name like Asia/Shanghai") from error
        if self.language not in LANGUAGES:
            raise _bad("language", f"no catalogue for {self.language!r}", f"Use one of {', '.join(LANGUAGES)}")
        if not self.officer.strip():
            raise _bad("officer", "is blank", "Every decision is logged with an account; name one")
        if self.page_size < 1 or not self.map_radius_m > 0:
            raise _bad("page_size, map_radius_m", "must be positive", "Leave them out for the defaults")
        if self.tile_url and not self.tile_source:
            raise _bad("tile_url", f"{self.tile_url!r} is no tile template", "Use https://host/{z}/{x}/{y}.png")

    @property
    def tile_source(self) -> str:
        """Where tiles come from as a Content-Security-Policy source, or "" when there is no usable template."""
        parts = urlsplit(self.tile_url)
        host = parts.netloc.replace("{s}", "*")
        whole = all(mark in self.tile_url for mark in ("{z}", "{x}", "{y}"))
        plain = bool(host) and not set(host) & set(" ;,'\"{}@")
        return f"{parts.scheme}://{host}" if whole and plain and parts.scheme in {"http", "https"} else ""


def _bad(field: str, fault: str, remedy: str) -> BadInput:
    return BadInput(path=_PATH, field=field, fault=fault, remedy=remedy)
