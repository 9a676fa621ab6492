"""The demonstration: a rendered site, a real flight through DroneKit, two city-eye cameras, delivery, judged by truth.

Every piece of work is a Prefect flow in a process of its own. A demonstration cut off half way is taken up where it
stopped: what was flown, examined, filed or delivered is not done again.
"""

from __future__ import annotations

import json
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.assembly import open_store, open_vault
from flows.children import Child
from flows.demo_score import Score, score_demo
from flows.orchestrator import prefect_server
from flows.site_folder import SCENE_START, init_rendered_site
from pipeline.delivery.received import read_received
from pipeline.domain.case import EventKind
from pipeline.domain.manifest import EvidenceRole
from pipeline.errors import BadInput
from pipeline.scene.truth import read_truth
from pipeline.site import Site, read_site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.domain.case import Case

ZONE_ID = "patrol"
SORTIE_ID = "demo-sortie"
EYES = ("eye-01", "eye-02")
EYE_WINDOW_S = 24.0
TIME_SPEED = 6.0
FLOW_TIMEOUT_S = 600.0
READY_TIMEOUT_S = 60.0
MARK = "demo.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFolder:
    """Where a demonstration keeps its things.

    Attributes:
        root: the whole of it, such as out/demo.
        seed: which world.
    """

    root: Path
    seed: int

    @property
    def site(self) -> Path:
        """The rendered site."""
        return self.root / "site"

    @property
    def truth(self) -> Path:
        """What was planted; outside the site."""
        return self.root / "truth.json"

    @property
    def case_system(self) -> Path:
        """What the reference receiver took in."""
        return self.root / "case-system"

    @property
    def logs(self) -> Path:
        """What the processes said."""
        return self.root / "logs"


def open_demo(root: Path, *, seed: int) -> tuple[DemoFolder, bool]:
    """Take up a demonstration that was cut off, or begin a new one.

    Returns:
        its folder, and whether it was taken up.

    Raises:
        BadInput: the folder holds something else.
    """
    folder = DemoFolder(root=root, seed=seed)
    mark = root / MARK
    if root.exists() and any(root.iterdir()) and not mark.exists():
        raise BadInput(
            path=str(root), field="--out", fault="holds something that is no demonstration", remedy="Choose another"
        )
    begun = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else None
    if begun == {"seed": seed, "finished": False}:
        if not (folder.site / "site.toml").exists():
            shutil.rmtree(folder.site, ignore_errors=True)
            init_rendered_site(folder.site, seed=seed, truth=folder.truth)
        return folder, True
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    _write_mark(folder, finished=False)
    init_rendered_site(folder.site, seed=seed, truth=folder.truth)
    return folder, False


def _write_mark(folder: DemoFolder, *, finished: bool) -> None:
    (folder.root / MARK).write_text(json.dumps({"seed": folder.seed, "finished": finished}), encoding="utf-8")


def run_demo(folder: DemoFolder, say: Callable[[str], None]) -> Score:
    """Fly, watch, examine, file and deliver; then compare with the truth.

    Raises:
        ChildFailed: a process of ours failed; its log is in `folder.logs`.
    """
    site = str(folder.site.resolve())
    eyes = {
        "site_folder": site,
        "camera_ids": list(EYES),
        "duration_s": EYE_WINDOW_S,
        "start_s": SCENE_START.timestamp(),
    }
    patrol = {"site_folder": site, "zone_id": ZONE_ID, "sortie_id": SORTIE_ID, "time_speed": TIME_SPEED}
    with ExitStack() as stack:
        receiver = stack.enter_context(
            Child(
                "case system",
                "pipeline.delivery.receiver",
                ["--listen", "127.0.0.1:0", "--folder", str(folder.case_system.resolve())],
                log=folder.logs / "case-system.log",
            )
        )
        say("starting Prefect and the reference case system")
        environment = stack.enter_context(prefect_server(folder.root))
        url = receiver.wait_ready(timeout_s=READY_TIMEOUT_S)
        say("flying the patrol through DroneKit; watching two city-eye cameras meanwhile")
        flying = stack.enter_context(_flow(folder, "patrol", patrol, environment))
        watching = stack.enter_context(_flow(folder, "city_eye", eyes, environment))
        _follow(watching, flying, say=say)
        say("delivering drafts to the case system")
        _follow(stack.enter_context(_flow(folder, "deliver", {"site_folder": site, "url": url}, environment)), say=say)
    score = judge_demo(folder)
    _write_mark(folder, finished=True)
    return score


def _flow(folder: DemoFolder, name: str, parameters: dict[str, object], environment: dict[str, str]) -> Child:
    log = folder.logs / f"{name}.log"
    return Child(name, "flows.prefect_flows", [name, json.dumps(parameters)], log=log, environment=environment)


def _follow(*children: Child, say: Callable[[str], None]) -> None:
    """Pass on what children say until all have ended well."""
    told = dict.fromkeys(children, 0)
    deadline_s = time.monotonic() + FLOW_TIMEOUT_S
    while True:
        alive = any(child.running for child in children)
        for child in children:
            lines = child.said().splitlines()
            for line in lines[told[child] :]:
                say(f"  {child.name}: {line}")
            told[child] = len(lines)
        if not alive or time.monotonic() > deadline_s:
            break
        time.sleep(0.3)
    for child in children:
        child.wait(timeout_s=1.0)


def judge_demo(folder: DemoFolder) -> Score:
    """Compare what the case store and the case system hold with what was planted."""
    store = open_store(read_site(folder.site))
    try:
        cases, drops = store.cases(), [filed.drop for filed in store.drops()]
    finally:
        store.close()
    drafts: dict[str, int] = {}
    for received in read_received(folder.case_system):
        if received.message.event == EventKind.DRAFTED:
            drafts[received.message.case_id] = drafts.get(received.message.case_id, 0) + 1
    return score_demo(read_truth(folder.truth), cases, drops, drafts)


def export_evidence(folder: DemoFolder) -> tuple[Path, ...]:
    """Copy each case's annotated pictures out of the vault, to be looked at."""
    site = read_site(folder.site)
    store, vault = open_store(site), open_vault(site)
    target = folder.root / "evidence"
    target.mkdir(exist_ok=True)
    written = []
    for case in store.cases():
        for finding in case.findings:
            for item in finding.items:
                if item.role is EvidenceRole.ANNOTATED:
                    path = target / f"{case.case_id}-{case.offence}-{finding.source_id}.jpg"
                    path.write_bytes(vault.get(item.sha256))
                    written.append(path)
    store.close()
    return tuple(written)


def cases_of(site: Site) -> tuple[Case, ...]:
    """Every case of a site."""
    store = open_store(site)
    try:
        return store.cases()
    finally:
        store.close()
