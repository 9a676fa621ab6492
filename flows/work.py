"""What the flows do, as plain functions. Each may be run again: what is done is not redone."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from flows.assembly import first_model, make_sender, models_register, open_store, open_vault
from flows.errors import OUR_ERRORS
from flows.ingest import camera_source, ingest_look, is_filed
from flows.one_flight import claim_key, free_key
from flows.recording import record_window, window_id
from flows.sortie import fly_sortie, has_started, sortie_source
from geofences.datum import Datum
from pipeline.delivery.deliver import deliver_pending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from flows.ingest import Ingested
    from flows.sortie import FlightRequest
    from pipeline.site import Site


def patrol(
    site: Site,
    asked: FlightRequest,
    *,
    say: Callable[[str], None] = print,
    key: str = "",
    alone: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> str:
    """Fly one zone (unless that sortie has landed already), then examine and file what the aircraft saw.

    Args:
        site: whose zone, aircraft and store.
        asked: what is to be flown, and how.
        say: told what happens.
        key: idempotency key; a second time under the same key nothing flies, whatever became of the first, unless its
            motors were never asked to start.
        alone: held while it flies.

    Returns:
        one line for people.

    Raises:
        FlightError: the plan or the flight was refused or failed; it is not tried again by itself.
        BadInput: the site lacks something a patrol needs.
    """
    if asked.sortie_id and is_filed(site, asked.sortie_id):
        return f"{asked.sortie_id}: was filed before, nothing changed"
    if key and (earlier := claim_key(site, key, asked.name)):
        return f"{earlier}: was asked for under this key before, nothing flies"
    try:
        with alone():
            sortie = fly_sortie(site, asked, say=say)
    except OUR_ERRORS:
        if not has_started(site, asked.name):
            free_key(site, key)
        raise
    say(f"{sortie.sortie_id}: examining its video")
    return _told(ingest_look(site, sortie_source(site, sortie), now_s=asked.now_s, drill=sortie.drill))


def watch(
    site: Site,
    camera_id: str,
    *,
    duration_s: float,
    now_s: float,
    start_s: float | None = None,
    say: Callable[[str], None] = print,
) -> str:
    """Watch one camera for one window, then examine and file what it saw.

    Returns:
        one line for people.

    Raises:
        BadInput: the camera or its stream cannot be used.
    """
    entry = site.camera(camera_id)
    begun_s = now_s if start_s is None else start_s
    if is_filed(site, window_id(camera_id, begun_s)):
        return f"{window_id(camera_id, begun_s)}: was filed before, nothing changed"
    say(f"{camera_id}: watching for {duration_s:.0f} s")
    recorded = record_window(site, entry, duration_s=duration_s, start_s=begun_s)
    source = camera_source(entry, recorded.path, start_s=recorded.start_s, look_id=recorded.look_id)
    done = ingest_look(site, source, now_s=now_s)
    if recorded.spooled:
        recorded.path.unlink()
    return _told(done)


def deliver(site: Site, *, now_s: float, url: str = "") -> str:
    """Send what is due from the outbox.

    Args:
        site: whose outbox.
        now_s: UTC.
        url: the case system, instead of the site's.

    Returns:
        one line for people.

    Raises:
        BadInput: no case system is named.
    """
    store = open_store(site)
    try:
        with make_sender(site, url=url) as sender:
            datum = Datum(site.settings.delivery.datum)
            done = deliver_pending(store.outbox, sender, open_vault(site), now_s=now_s, datum=datum)
    finally:
        store.close()
    return f"delivered {done.delivered}, failed {done.failed}, left for later {done.left}"


def retrain(
    site: Site,
    recipe: Path,
    *,
    pictures: Sequence[Path],
    judged_on: Path,
    run: Path,
    who: str,
    why: str,
    now_s: float,
    renderings: Path | None = None,
) -> str:
    """Train a candidate from the model in service; it goes into service if no figure gets worse.

    Returns:
        what was measured, for people.

    Raises:
        BadInput: the site names no models register.
        DatasetError: a picture folder or the recipe cannot be used.
    """
    from detectors.retraining import Retraining  # noqa: PLC0415 - OpenCV is not in the flows' import path
    from detectors.retraining import retrain as train_and_judge  # noqa: PLC0415 - the same

    job = Retraining(
        recipe=recipe,
        pictures=tuple(pictures),
        renderings=renderings,
        judged_on=judged_on,
        register=models_register(site),
        first=first_model(site),
        run=run,
        who=who,
        why=why,
    )
    done = train_and_judge(job, now_s=now_s)
    lines = [
        f"{one.name}: {one.in_service:.3f} -> {one.candidate:.3f}, 95 % of the difference {one.interval[0]:+.3f} to "
        f"{one.interval[1]:+.3f}, n = {one.objects}{': WORSE' if one.worse else ''}"
        for one in done.changes
    ]
    said = "is in service now" if done.promoted else "was not promoted and is kept beside"
    return "\n".join((*lines, f"{done.version} {said}"))


def _told(done: Ingested) -> str:
    filed = done.filed
    if done.report is None:
        return f"{filed.look_id}: was filed before, nothing changed"
    return (
        f"{filed.look_id}: {done.report.frames_examined} frames, {len(filed.drafted)} new drafts, "
        f"{len(filed.extended)} cases seen again, {len(done.report.drops)} tracks left alone"
    )
