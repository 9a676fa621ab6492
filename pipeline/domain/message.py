"""Messages to the case system: the one form in which a case event leaves the house, and the queue row it waits in."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from pydantic import TypeAdapter

from pipeline.domain.case import EventKind, Grade
from pipeline.domain.manifest import EvidenceRole
from pipeline.domain.offence import Offence  # noqa: TC001 - pydantic reads it at run time
from pipeline.domain.sealed_form import EXACT, parse_exactly

if TYPE_CHECKING:
    from pydantic import ConfigDict

    from pipeline.domain.case import Case, CaseEvent

SCHEMA: Final = "offsite.case-message/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """One case event as the case system gets it. Times are seconds since the Unix epoch, UTC; angles are degrees.

    Officers' names and notes, originals and unmasked pictures never leave this way.

    Attributes:
        case_id: the case.
        sequence: 1, 2, 3 ... within the case, without gaps.
        event: what happened.
        event_at_s: when it happened.
        event_sha256: hash of the link in the case's log, so that a later rewrite of the log shows.
        reason: rejection reason code, or "".
        offence: what was seen.
        grade: always lead for a draft.
        lat_deg: the incident's place, in `datum`.
        lon_deg: the same.
        error_semi_major_m: its 95 % error ellipse.
        error_semi_minor_m: the same.
        error_bearing_deg: of the major axis, clockwise from north.
        first_s: first sight.
        last_s: last sight.
        zone_id: the zone it lies in.
        zone_name: that zone's name.
        rule_id: the rule that flagged it.
        rule_version: its version.
        statute: legal basis.
        event_code: the city's event code.
        manifest_sha256s: sealed manifests the event rests on.
        masked_sha256s: masked pictures uploaded before a draft; empty for other events.
        datum: what the place is stated in, "WGS84" unless the case system asks for another when it is sent.
        schema: form of this message.
        sign_text: what a sign reads, or "".
        shop: the shop of the register whose sign it is, or "".
        grid_cell_id: the city's grid cell it surely lies in, or "".
    """

    case_id: str
    sequence: int
    event: EventKind
    event_at_s: float
    event_sha256: str
    reason: str
    offence: Offence
    grade: Grade
    lat_deg: float
    lon_deg: float
    error_semi_major_m: float
    error_semi_minor_m: float
    error_bearing_deg: float
    first_s: float
    last_s: float
    zone_id: str
    zone_name: str
    rule_id: str
    rule_version: int
    statute: str
    event_code: str
    manifest_sha256s: tuple[str, ...]
    masked_sha256s: tuple[str, ...]
    datum: Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]
    schema: Literal["offsite.case-message/1"]
    sign_text: str = ""
    shop: str = ""
    grid_cell_id: str = ""
    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    @property
    def key(self) -> str:
        """The idempotency key: the same event is always the same key."""
        return f"{self.case_id}:{self.sequence}"

    def to_json(self) -> str:
        """JSON text, keys in the order of the attributes."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedMessage:
    """A message waiting in the outbox.

    Attributes:
        key: idempotency key, `case_id:sequence`.
        case_id: messages of one case leave in order.
        payload: `CaseMessage` as JSON text.
        created_s: when the event was recorded, UTC.
        next_try_s: not to be tried before, UTC.
        attempts: failed tries so far.
        last_error: why the last one failed, or "".
    """

    key: str
    case_id: str
    payload: str
    created_s: float
    next_try_s: float
    attempts: int = 0
    last_error: str = ""


def message_of(case: Case, event: CaseEvent) -> CaseMessage:
    """What leaves when `event` has been recorded; `case` is the case after it."""
    about = [found for found in case.findings if found.finding_id == event.finding_id] or list(case.findings)
    why = about[0].why
    masked = (item.sha256 for found in about for item in found.items if item.role is EvidenceRole.MASKED)
    return CaseMessage(
        case_id=case.case_id,
        sequence=event.sequence,
        event=event.kind,
        event_at_s=event.at_s,
        event_sha256=event.sha256,
        reason=event.reason,
        offence=case.offence,
        grade=case.grade,
        lat_deg=case.fix.position.lat_deg,
        lon_deg=case.fix.position.lon_deg,
        error_semi_major_m=case.fix.ellipse.semi_major_m,
        error_semi_minor_m=case.fix.ellipse.semi_minor_m,
        error_bearing_deg=case.fix.ellipse.bearing_deg,
        first_s=case.first_s,
        last_s=case.last_s,
        zone_id=why.zone_id,
        zone_name=why.zone_name,
        rule_id=why.rule_id,
        rule_version=why.rule_version,
        statute=why.statute,
        event_code=why.event_code,
        manifest_sha256s=tuple(found.manifest_sha256 for found in about),
        masked_sha256s=tuple(masked) if event.kind is EventKind.DRAFTED else (),
        datum="WGS84",
        schema=SCHEMA,
        sign_text=why.sign_text,
        shop=why.shop,
        grid_cell_id=why.grid_cell_id,
    )


_FORM = TypeAdapter(CaseMessage)


def parse_message(text: str | bytes) -> CaseMessage:
    """Read a message.

    Raises:
        BadInput: not JSON, another schema, or a field is missing, unknown or of the wrong type; names the field.
    """
    remedy = f"Send one JSON object of schema {SCHEMA}"
    return parse_exactly(_FORM, text, name="case message", remedy=remedy)
