"""`offsite calibrate`: where a camera stands and looks, and how a lens sits on an aircraft."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flows.commands.options import DEFAULT_SITE, SiteFolder, parse_time, report_console
from pipeline.errors import BadInput

if TYPE_CHECKING:
    from flows.flight_calibration import FlightCalibration

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
    _give(done.settings.toml(), out)


@app.command()
def flight(
    path: Annotated[Path, typer.Argument(help="A folder of photographs, or a clip.")],
    site: SiteFolder = DEFAULT_SITE,
    camera: Annotated[
        Path | None, typer.Option(help="Camera file (TOML); its lens is where the search begins.")
    ] = None,
    marks: Annotated[Path | None, typer.Option(help="Surveyed ground control points (CSV), for photographs.")] = None,
    telemetry: Annotated[Path | None, typer.Option(help="The clip's telemetry.")] = None,
    start: Annotated[str | None, typer.Option(help="When the clip begins, ISO 8601 with offset.")] = None,
    out: Out = None,
) -> None:
    """Calibrate a flight by itself: lens, seat and position bias from photographs, time offset from a clip."""
    from flows.flight_calibration import calibrate_clip, calibrate_photographs  # noqa: PLC0415 - brings OpenCV
    from flows.stills import is_stills  # noqa: PLC0415
    from pipeline.site import read_site  # noqa: PLC0415
    from pipeline.sources.camera_file import CameraEntry  # noqa: PLC0415
    from pipeline.toml_file import read_toml  # noqa: PLC0415

    entry, at = read_toml(CameraEntry, camera) if camera else None, read_site(site)
    if is_stills(path):
        _tell(calibrate_photographs(path, at, camera=entry, marks=marks), out)
        return
    if telemetry is None:
        raise BadInput(path=str(path), field="--telemetry", fault="is missing", remedy="Give the clip's log")
    found, settings = calibrate_clip(path, telemetry, at, camera=entry, start_s=parse_time("--start", start))
    report_console().print(
        f"time offset {found.offset_s:+.3f} s +-{found.sigma_s:.3f}: "
        f"motion missed by {found.before_px:.1f} px before, {found.after_px:.1f} px after"
    )
    if settings is not None:
        _give(settings.toml(), out)


def _tell(found: FlightCalibration, out: Path | None) -> None:
    console = report_console()
    for name, turn_deg in found.turned.items():
        console.print(f"heading contradicted: {name} lies turned by {turn_deg} deg; turned back for this")
    console.print(f"{found.pictures} photographs, {found.sights} sights of shared points")
    lens = found.settings.lens
    console.print(f"focal length {lens.focal_px:.1f} px +-{lens.focal_sigma_share:.2%}, k1 {lens.distortion[0]:+.4f}")
    table = Table("heading", "bias east, north, up m", "+- m", "seat right, down, forward deg", "+- deg")
    for seat in found.settings.mount.by_heading if found.settings.mount else ():
        bias, turn, sigma = (
            ", ".join(f"{value:+.2f}" for value in values)
            for values in (seat.offset_enu_m, seat.seat_cam_deg, seat.seat_sigma_cam_deg)
        )
        known = f"{seat.horizontal_sigma_m:.2f}, up {seat.vertical_sigma_m:.2f}"
        table.add_row(f"{seat.heading_deg:.0f}", bias, known, turn, sigma.replace("+", ""))
    console.print(table)
    before_m, after_m = found.apart_m
    console.print(f"two pictures put a shared point {before_m:.2f} m apart before, {after_m:.2f} m after (median)")
    if found.marks_m:
        console.print("surveyed marks missed by {:.2f} m before, {:.2f} m after (median)".format(*found.marks_m))
    console.print(f"ties miss by {found.residual_px:.2f} px once each picture's own error is taken out")
    _give(found.settings.toml(), out)


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
