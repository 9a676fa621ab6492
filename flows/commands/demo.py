"""`offsite demo`: one patrol end to end on a rendered scene, and whether the result is right."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from flows.commands.options import report_console
from flows.errors import DemoWrong

if TYPE_CHECKING:
    from flows.demo_score import Score


def demo(
    out: Annotated[Path, typer.Option(help="Where its files go.")] = Path("out/demo"),
    seed: Annotated[int, typer.Option(min=0, help="Which world; detectors were trained on seeds from 1000.")] = 7,
) -> None:
    """Fly a simulated patrol, watch two cameras, file and deliver drafts; exit 0 only if all of it is right."""
    from flows.demo_map import draw_demo  # noqa: PLC0415 - heavy imports stay out of the CLI's start
    from flows.demo_run import export_evidence, open_demo, run_demo  # noqa: PLC0415

    begun_s = time.monotonic()
    said = report_console()
    folder, taken_up = open_demo(out, seed=seed)
    if taken_up:
        said.print(f"{out}: a demonstration was cut off here; taking it up where it stopped")

    def say(line: str) -> None:
        said.print(f"[dim]{time.monotonic() - begun_s:5.0f} s[/dim] {line}")

    score = run_demo(folder, say)
    pictures = export_evidence(folder)
    overview = draw_demo(folder, score)
    _print(said, score)
    said.print(f"Files: {out}: {overview.name}, evidence/ ({len(pictures)} pictures), site/flights/, logs/")
    said.print(f"Open the console on them: offsite up --site {folder.site}")
    faults = score.faults()
    if faults:
        raise DemoWrong("; ".join(faults))
    said.print(
        f"[green]right[/green]: every planted offence is one draft delivered once, no look-alike is a case, median "
        f"position error {score.median_error_m:.2f} m; {time.monotonic() - begun_s:.0f} s"
    )


def _print(said: Console, score: Score) -> None:
    table = Table("planted offence", "found by", "error m", "95 % radius m", "case", "delivered")
    for row in score.offences:
        table.add_row(
            f"{row.planted.truth_id} ({row.planted.class_name})",
            ", ".join(row.sources) or "[red]nobody[/red]",
            "-" if row.error_m is None else f"{row.error_m:.2f}",
            "-" if row.radius_m is None else f"{row.radius_m:.2f}",
            ", ".join(row.case_ids) or "[red]none[/red]",
            f"{row.deliveries}x",
        )
    said.print(table)
    others = Table("lawful look-alike", "left alone because")
    for alike in score.look_alikes:
        why = (
            f"[red]not left alone: {alike.case_ids}[/red]"
            if alike.case_ids
            else ", ".join(alike.reasons) or "never seen"
        )
        others.add_row(f"{alike.planted.truth_id} ({alike.planted.class_name})", why)
    said.print(others)
    for case_id in score.strays:
        said.print(f"[red]{case_id} is nothing that was planted[/red]")
