"""The `offsite` command: sub-commands, and the one place where errors become a clear line and an exit code.

Exit codes: 0 done, 1 a result is not right or a process of ours failed, 2 something given from outside is unusable.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from flows.commands import calibrate, cases, demo, detectors, doctor, ingest, init, patrol, up, zones
from flows.errors import OUR_ERRORS, FlowError

app = typer.Typer(
    name="offsite",
    help="Off-site enforcement: from drone and camera feeds to draft cases an officer can judge.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("init")(init.init)
app.command("demo")(demo.demo)
app.command("up")(up.up)
app.command("ingest")(ingest.ingest)
app.command("doctor")(doctor.doctor)
app.add_typer(patrol.app, name="patrol")
app.add_typer(cases.app, name="cases")
app.add_typer(zones.app, name="zones")
app.add_typer(detectors.app, name="detectors")
app.add_typer(calibrate.app, name="calibrate")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; say errors in one line and exit with their code.

    Args:
        arguments: instead of the process's own.
    """
    try:
        app(args=arguments)
    except OUR_ERRORS as error:
        _say(error, error.code)
        sys.exit(1 if isinstance(error, FlowError) else 2)


def _say(error: Exception, code: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(f"offsite: {code}: {error}")


if __name__ == "__main__":
    main()
