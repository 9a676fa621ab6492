"""`offsite cases`: list and show cases in the terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Column, Table

from flows.assembly import open_store, open_vault
from flows.commands.options import DEFAULT_SITE, SiteFolder, report_console
from pipeline.domain.case import CaseState
from pipeline.evidence.verify import verify_manifest
from pipeline.site import read_site

if TYPE_CHECKING:
    from pipeline.domain.case import Case, SealedFinding
    from pipeline.site import Site

app = typer.Typer(help="Draft cases and what was decided of them.", no_args_is_help=True)


@app.command("list")
def list_cases(
    site: SiteFolder = DEFAULT_SITE,
    state: Annotated[CaseState | None, typer.Option(help="Only cases in this state.")] = None,
) -> None:
    """List cases, newest sight first."""
    at = read_site(site)
    store = open_store(at)
    table = Table(Column("case", no_wrap=True), "offence", "state", "seen", "zone", "± m", "sources")
    for case in store.cases(state=state):
        sources = ", ".join(sorted({finding.source_id for finding in case.findings}))
        why = case.findings[0].why
        table.add_row(
            case.case_id,
            case.offence,
            case.state,
            local_time(at, case.first_s),
            why.zone_name,
            f"{case.fix.ellipse.semi_major_m:.1f}",
            sources,
        )
    store.close()
    report_console().print(table)


@app.command()
def show(case_id: Annotated[str, typer.Argument(help="The case's id.")], site: SiteFolder = DEFAULT_SITE) -> None:
    """Show one case: place, reasons, evidence, log; and check its evidence against the vault."""
    at = read_site(site)
    store, vault = open_store(at), open_vault(at)
    case = store.case(case_id)
    console = report_console()
    _print_head(console, at, case)
    for finding in case.findings:
        _print_finding(console, at, finding)
        problems = verify_manifest(vault, finding.manifest_sha256)
        console.print("  evidence: " + ("[green]intact[/green]" if not problems else f"[red]{problems}[/red]"))
    broken = store.verify_log(case_id)
    console.print("  log: " + (f"[red]{'; '.join(broken)}[/red]" if broken else "[green]unbroken[/green]"))
    for event in case.events:
        reason = f" {event.reason}" if event.reason else ""
        console.print(f"  {event.sequence}. {local_time(at, event.at_s)} {event.kind}{reason} by {event.actor}")
    store.close()


def local_time(site: Site, at_s: float) -> str:
    """A UTC time in the site's own."""
    return datetime.fromtimestamp(at_s, ZoneInfo(site.settings.site.timezone)).strftime("%Y-%m-%d %H:%M:%S")


def _print_head(console: Console, site: Site, case: Case) -> None:
    place, ellipse = case.fix.position, case.fix.ellipse
    console.print(f"[bold]{case.case_id}[/bold] {case.offence}, {case.state}, graded {case.grade}")
    console.print(f"  seen {local_time(site, case.first_s)} to {local_time(site, case.last_s)}")
    console.print(
        f"  at {place.lat_deg:.6f}, {place.lon_deg:.6f} (WGS 84), 95 % within {ellipse.semi_major_m:.1f} m x "
        f"{ellipse.semi_minor_m:.1f} m, mostly {case.fix.budget[0][0] if case.fix.budget else 'unknown'}"
    )


def _print_finding(console: Console, site: Site, finding: SealedFinding) -> None:
    why = finding.why
    console.print(f"  [bold]{finding.source_id}[/bold] {local_time(site, finding.first_s)}, look {finding.look_id}")
    console.print(
        f"    {why.rule_id} v{why.rule_version} in {why.zone_name}: {why.hits} of {why.frames_covered} frames, "
        f"{why.dwell_s:.0f} s, score {why.best_score:.2f}; {why.statute}"
    )
    for item in finding.items:
        console.print(f"    {item.role}: {item.sha256} ({item.byte_count} bytes)")
