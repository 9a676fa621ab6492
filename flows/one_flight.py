"""One flight at a time has an aircraft and an airspace, and one idempotency key flies once."""

from __future__ import annotations

import fcntl
import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flights.airspace import living_flight
from flows.errors import AirspaceBusy
from flows.planning import site_aircraft
from flows.registers import current_approval, site_now_s

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.site import Site


def claim_key(site: Site, key: str, name: str) -> str:
    """Use an idempotency key for a sortie, for good: the sortie that used it before, or "" when none did."""
    path = _key_file(site, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(name)
    except FileExistsError:
        return path.read_text(encoding="utf-8") or key
    return ""


def free_key(site: Site, key: str) -> None:
    """Give a key back that nothing was flown under."""
    _key_file(site, key).unlink(missing_ok=True)


def key_is_free(site: Site, key: str) -> bool:
    """Whether no sortie has used a key."""
    return not _key_file(site, key).exists()


def _key_file(site: Site, key: str) -> Path:
    return site.flights_folder / "keys" / hashlib.sha256(key.encode()).hexdigest()


def volumes(site: Site) -> tuple[str, str]:
    """What one flight at a time may have: the aircraft, and the airspace by its approval's number."""
    approval = current_approval(site, site_now_s(site))
    return f"aircraft-{site_aircraft(site).id}", f"airspace-{approval.number if approval else 'none'}"


@contextmanager
def alone(site: Site) -> Iterator[None]:
    """Have the aircraft to oneself; a process that dies lets go of it, so that another may attach to its flight.

    Raises:
        AirspaceBusy: another process has it.
    """
    name, _ = volumes(site)
    path = site.flights_folder / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise busy(name) from error
        yield


def busy(what: str, who: str = "") -> AirspaceBusy:
    """The error for a flight that comes second."""
    return AirspaceBusy(f"{who or 'another flight'} has {what}. Wait for its landing, then ask again")


def flight_beside(site: Site) -> str:
    """The flight of a living program in the site's airspace, or ""."""
    approval = current_approval(site, site_now_s(site))
    return living_flight(site.flights_folder, approval.outline) if approval else ""
