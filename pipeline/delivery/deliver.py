"""Delivery rounds: what is due leaves at least once, in order within each case; what fails waits longer each time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from geofences.datum import Datum, from_wgs84
from pipeline.domain.message import parse_message
from pipeline.errors import BadInput, DeliveryFailed, NotFound, VaultCorrupt

if TYPE_CHECKING:
    from pipeline.domain.message import CaseMessage, QueuedMessage
    from pipeline.ports import Vault

# Source: our choice; a system that restarts is found again in seconds, one down all night is asked 4 times an hour.
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
# So many different messages failing in a row mean that the system is down: the rest of the round is left untried.
GIVE_UP_AFTER = 3


class Outbox(Protocol):
    """Where messages wait."""

    def pending(self, now_s: float, limit: int = 100) -> tuple[QueuedMessage, ...]:
        """Messages due now, oldest first."""
        ...

    def mark_delivered(self, key: str, receipt: str, now_s: float) -> None:
        """Record the receipt."""
        ...

    def mark_failed(self, key: str, error: str, next_try_s: float) -> None:
        """Record a failed try and when to try again."""
        ...


class Sender(Protocol):
    """Whom they go to. Both calls may be repeated without effect."""

    def put_evidence(self, sha256: str, content: bytes) -> None:
        """Upload one item.

        Raises:
            DeliveryFailed: refused, or not reached.
        """
        ...

    def post_event(self, key: str, payload: str) -> str:
        """Send one event and return its receipt.

        Raises:
            DeliveryFailed: refused, or not reached.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRound:
    """What one round did.

    Attributes:
        delivered: messages with a receipt now.
        failed: messages tried in vain; they wait.
        left: messages not tried, because an earlier one of their case failed or the system seems down.
    """

    delivered: int
    failed: int
    left: int


def deliver_pending(
    outbox: Outbox, sender: Sender, vault: Vault, *, now_s: float, limit: int = 100, datum: Datum = Datum.WGS84
) -> DeliveryRound:
    """Send what is due, once through.

    Args:
        outbox: what waits.
        sender: the case system.
        vault: where a draft's masked pictures lie.
        now_s: UTC; a failed message waits from here.
        limit: most messages in this round.
        datum: what the case system wants places in.
    """
    batch = outbox.pending(now_s, limit)
    stopped: set[str] = set()
    delivered, failed, in_a_row = 0, 0, 0
    for queued in batch:
        if queued.case_id in stopped or in_a_row == GIVE_UP_AFTER:
            continue
        try:
            receipt = _send(queued, sender, vault, datum)
        except (DeliveryFailed, NotFound, VaultCorrupt, BadInput) as error:
            outbox.mark_failed(queued.key, str(error), now_s + wait_s(queued.attempts))
            stopped.add(queued.case_id)
            failed, in_a_row = failed + 1, in_a_row + 1
        else:
            outbox.mark_delivered(queued.key, receipt, now_s)
            delivered, in_a_row = delivered + 1, 0
    return DeliveryRound(delivered=delivered, failed=failed, left=len(batch) - delivered - failed)


def wait_s(attempts: int) -> float:
    """How long to wait after one more failure than `attempts`: doubling, up to a cap."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts, 32))


def _send(queued: QueuedMessage, sender: Sender, vault: Vault, datum: Datum) -> str:
    message = parse_message(queued.payload)
    for sha256 in message.masked_sha256s:
        sender.put_evidence(sha256, vault.get(sha256))
    payload = queued.payload if datum is Datum.WGS84 else _stated_in(message, datum).to_json()
    return sender.post_event(queued.key, payload)


def _stated_in(message: CaseMessage, datum: Datum) -> CaseMessage:
    """The message with its place in another datum; the ellipse stays, as the offset is nearly the same all over it."""
    lat_deg, lon_deg = from_wgs84(np.array([[message.lat_deg, message.lon_deg]]), datum)[0].tolist()
    return replace(message, lat_deg=lat_deg, lon_deg=lon_deg, datum=cast("Any", datum.name))
