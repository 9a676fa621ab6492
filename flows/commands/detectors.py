"""`offsite detectors`: judge a detector on labelled pictures, train one, learn from what officers decided."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from flows.commands.options import DEFAULT_SITE, SiteFolder, report_console

if TYPE_CHECKING:
    from detectors.evaluation import Report

app = typer.Typer(help="Detectors: evaluation, training, learning from officers.", no_args_is_help=True)


@app.command("eval")
def evaluate(
    folder: Annotated[Path, typer.Argument(help="YOLO folder: images/, labels/, manifest.csv inside or above it.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every figure to this file.")] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write a page (HTML) with curves and mistakes.")
    ] = None,
    input_px: Annotated[
        int | None, typer.Option(help="Longer side of the network input; default: the model's.")
    ] = None,
    iou: Annotated[float, typer.Option(min=0.05, max=0.95, help="Overlap at which a box counts as found.")] = 0.5,
    model: Annotated[Path | None, typer.Option(help="Model folder; default: the one shipped.")] = None,
    precision: Annotated[str | None, typer.Option(help="bf16 or int8; default: the model's.")] = None,
    train: Annotated[Path | None, typer.Option(help="Training folder, to look for near-duplicates in.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
) -> None:
    """Measure a detector on labelled pictures; runs on a folder called `heldout` go to .train/heldout_runs.jsonl."""
    from detectors import evaluation, evaluation_report  # noqa: PLC0415 - OpenCV is not in the CLI's import path
    from detectors.model_folder import SHIPPED  # noqa: PLC0415 - the same

    with Progress(transient=True) as bar:
        task = bar.add_task("pictures", total=None)
        report, seen = evaluation.run(
            folder,
            model or SHIPPED,
            input_px=input_px,
            iou_at_least=iou,
            threads=threads,
            precision=precision,
            train=train,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )
    if json_file:
        json_file.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    if report_file:
        report_file.write_text(evaluation_report.page_of(report, seen), encoding="utf-8")
    _print(report)


@app.command()
def harvest(
    out: Annotated[Path, typer.Option(help="Folder of the picture set; a second harvest adds what is new.")],
    site: SiteFolder = DEFAULT_SITE,
) -> None:
    """Export what officers confirmed and rejected as a versioned YOLO data set. It holds originals: for inside use."""
    from flows.assembly import open_store, open_vault  # noqa: PLC0415 - SQLAlchemy is not in the CLI's import path
    from pipeline.learning.harvest import harvest as bring_up_to_date  # noqa: PLC0415 - the same
    from pipeline.site import read_site  # noqa: PLC0415 - the same

    at = read_site(site)
    store = open_store(at)
    done = bring_up_to_date(store.cases(), open_vault(at), out, site=at.settings.site.name)
    store.close()
    said = report_console()
    said.print(f"{out}: version {done.version}, {done.added} pictures added, {done.changed} judged anew")
    for why, count in Counter(done.left_out.values()).most_common():
        said.print(f"  teaches nothing: {count} x {why}")


@app.command()
def retrain(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML), see detectors/reference/recipes/.")],
    pictures: Annotated[list[Path], typer.Option(help="Folder to learn from, the recipe's own first; again for more.")],
    judged_on: Annotated[Path, typer.Option(help="Picture folder on which both models are measured.")],
    run: Annotated[Path, typer.Option(help="Folder for checkpoints; a run broken off there is gone on with.")],
    why: Annotated[str, typer.Option(help="Why, for the register.")],
    renderings: Annotated[Path | None, typer.Option(help="Rendered frames to learn from too.")] = None,
    who: Annotated[str, typer.Option(help="Who, for the register; default: this account.")] = "",
    site: SiteFolder = DEFAULT_SITE,
) -> None:
    """Train from the model in service; promoted only if no class gets worse and no more negatives are alarmed."""
    from flows import work  # noqa: PLC0415 - heavy imports stay out of the CLI's start
    from pipeline.site import read_site  # noqa: PLC0415 - the same

    told = work.retrain(
        read_site(site),
        recipe,
        pictures=pictures,
        judged_on=judged_on,
        run=run,
        renderings=renderings,
        who=who or getuser(),
        why=why,
        now_s=time.time(),
    )
    report_console().print(told)


@app.command()
def rollback(
    why: Annotated[str, typer.Option(help="Why, for the register.")],
    who: Annotated[str, typer.Option(help="Who, for the register; default: this account.")] = "",
    site: SiteFolder = DEFAULT_SITE,
) -> None:
    """Put the model back that was in service before; the next look uses it."""
    from detectors.models_register import roll_back  # noqa: PLC0415 - OpenCV is not in the CLI's import path
    from flows.assembly import first_model, models_register  # noqa: PLC0415 - the same
    from pipeline.site import read_site  # noqa: PLC0415 - the same

    at = read_site(site)
    back = roll_back(models_register(at), first_model(at), at_s=time.time(), who=who or getuser(), why=why)
    report_console().print(f"{back} is in service again")


@app.command(
    "train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False
)
def train(context: typer.Context) -> None:
    """Train from a recipe: RECIPE --pictures FOLDER --start WEIGHTS --run FOLDER [--resume]; --help lists all."""
    from detectors import training  # noqa: PLC0415 - torch is not in the CLI's import path

    raise typer.Exit(training.main(context.args))


def _print(report: Report) -> None:
    from detectors.evaluation_report import HEAD, cells_of  # noqa: PLC0415 - OpenCV is not in the CLI's import path

    said = report_console()
    said.print(f"{report.model} {report.precision} {report.weights_sha256[:12]} at {report.input_px} px")
    table = Table("class", *HEAD)
    for row in report.rows:
        table.add_row(row.class_name, *cells_of(row, intervals=False))
    said.print(table)
    for call in report.plume_calls:
        said.print(
            f"{call.class_name} ({call.part}, n = {call.labelled}): "
            f"called dust {call.called_dust}, fumes {call.called_fumes}"
        )
    alarms = report.alarms
    said.print(
        f"negatives with any alarm: {alarms.alarmed} of {alarms.pictures}; any box, looked for or not: "
        f"{alarms.alarmed_even_unlooked}; near-duplicates of training: "
        f"{len(report.twins) if report.twins_sought_in else 'not looked for (--train)'}"
    )
    for fault in report.faults:
        said.print(f"  not counted: {fault}")
