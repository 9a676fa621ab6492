"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SiteFolder = Annotated[Path, typer.Option("--site", "-s", envvar="OFFSITE_SITE", help="The site's folder.")]
DEFAULT_SITE = Path("site")
