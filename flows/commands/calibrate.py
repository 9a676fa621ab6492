"""`offsite calibrate`: where a camera stands and looks, and how a lens sits on an aircraft."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.commands.options import report_console
from pipeline.errors import BadInput

app = typer.Typer(help="Calibration: fixed cameras by point pairs, flights by themselves.", no_args_is_help=True)

Out = Annotated[Path | None, typer.Option(help="Write the camera file here; default: only show it.")]


@app.command()
def camera(
    file: Annotated[Path, typer.Argument(help="Point pairs (TOML), as docs/geotagging.md shows.")],
    still: Annotated[Path | None, typer.Option(help="A picture of this camera, to draw the pairs on.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Where to draw them; default: pairs.png beside FILE.")] = None,
    out: Out = None,
) -> None:
    """Place a fixed camera by four or more points whose pixel and position are known; refused when they are poor."""
    from flows.camera_calibration import calibrate_camera  # noqa: PLC0415 - brings OpenCV

    done, console = calibrate_camera(file), report_console()
    table = Table("pair", "name", "x px", "y px", "miss px", "miss m", "")
    for number, pair in enumerate(done.pairs.pair):
        across, down = done.shown_px[number] - pair.xy_px
        left_out = "left out: contradicts the others" if number == done.found.left_out else ""
        miss_m = f"{done.ground_m[number]:.2f}" if done.ground_m[number] < 1e4 else "-"
        x, y = (f"{value:.1f}" for value in pair.xy_px)
        table.add_row(str(number + 1), pair.name, x, y, f"{across:+.1f} {down:+.1f}", miss_m, left_out)
    console.print(table)
    console.print(f"pairs miss by {done.found.misfit:.2f} of their sigmas")
    if still is not None:
        _draw(done.picture(still), picture or file.with_name("pairs.png"))
    _give(done.toml, out)


def _draw(image: object, path: Path) -> None:
    import cv2  # noqa: PLC0415 - not in the CLI's import path

    if path.suffix.lower() != ".png" or not path.parent.is_dir() or not cv2.imwrite(str(path), image):
        raise BadInput(path=str(path), field="--picture", fault="cannot be written", remedy="Name a .png in a folder")
    report_console().print(f"drew {path}")


def _give(toml: str, out: Path | None) -> None:
    console = report_console()
    if out is None:
        console.print(f"\n{toml}", markup=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(toml)
    except OSError as error:
        raise BadInput(
            path=str(out), field="--out", fault=f"cannot be written ({error.strerror})", remedy="Name a new file"
        ) from error
    console.print(f"wrote {out}")
