"""`offsite init`: make a site's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import report_console


def init(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")],
    scene: Annotated[
        int | None, typer.Option(help="Make a rendered site of this seed, to try things on, instead of an empty one.")
    ] = None,
) -> None:
    """Make a site: site.toml, zones, permits and rules, ready to edit."""
    from flows.site_folder import init_rendered_site, init_site  # noqa: PLC0415 - brings OpenCV with the scene

    say = report_console().print
    if scene is None:
        init_site(folder)
        say(f"Made {folder}. Edit its site.toml and zones.geojson, then: offsite doctor --site {folder}")
    else:
        init_rendered_site(folder, seed=scene)
        say(f"Made {folder}, a rendered site of seed {scene}. Next: offsite patrol fly --site {folder} patrol")
