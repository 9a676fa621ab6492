"""The one integrity log: each case event carries the hash of the one before, so that a rewrite shows.

A chain cannot show that its end was cut off; the hashes delivered with each message can.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pipeline.domain.case import TRANSITIONS, CaseEvent, CaseState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.case import Case, EventKind, SealedFinding


def link(
    case_id: str,
    log: Sequence[CaseEvent],
    *,
    kind: EventKind,
    at_s: float,
    actor: str,
    reason: str = "",
    note: str = "",
    finding: SealedFinding | None = None,
) -> CaseEvent:
    """The next event of a case's log, hashed over its content, the finding's manifest and the event before."""
    event = CaseEvent(
        sequence=len(log) + 1,
        kind=kind,
        at_s=at_s,
        actor=actor,
        reason=reason,
        note=note,
        finding_id=finding.finding_id if finding else "",
        previous_sha256=log[-1].sha256 if log else "",
        sha256="",
    )
    return replace(event, sha256=event_sha256(case_id, event, finding.manifest_sha256 if finding else ""))


def event_sha256(case_id: str, event: CaseEvent, manifest_sha256: str) -> str:
    """Hex sha256 over the canonical JSON (UTF-8, sorted keys, no spaces) of an event and what it is about."""
    body = {**asdict(event), "case_id": case_id, "manifest_sha256": manifest_sha256}
    del body["sha256"]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def verify_chain(case: Case) -> tuple[str, ...]:
    """What is wrong with a case's log: broken links, unknown findings, a state the log does not lead to."""
    manifests = {finding.finding_id: finding.manifest_sha256 for finding in case.findings}
    problems, previous, state = [], "", CaseState.DRAFT
    for sequence, event in enumerate(case.events, start=1):
        where = f"{case.case_id}, event {event.sequence}"
        if event.sequence != sequence:
            problems.append(f"{where}: number {sequence} was expected")
        if event.previous_sha256 != previous:
            problems.append(f"{where}: does not follow the event before it")
        if event.finding_id and event.finding_id not in manifests:
            problems.append(f"{where}: its finding {event.finding_id} is not in the case")
        if event_sha256(case.case_id, event, manifests.get(event.finding_id, "")) != event.sha256:
            problems.append(f"{where}: its content does not have its hash")
        previous, state = event.sha256, TRANSITIONS.get((state, event.kind), state)
    unlogged = set(manifests) - {event.finding_id for event in case.events}
    problems += [f"{case.case_id}: finding {finding_id} is not in its log" for finding_id in sorted(unlogged)]
    if state is not case.state:
        problems.append(f"{case.case_id}: is {case.state}, but its log leads to {state}")
    return tuple(problems)
