"""The form in which a case event leaves the house."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.case import EventKind, Grade
from pipeline.domain.message import SCHEMA, CaseMessage, parse_message
from pipeline.domain.offence import Offence
from pipeline.errors import BadInput

MESSAGE = CaseMessage(
    case_id="C20261102-3fa9c1",
    sequence=1,
    event=EventKind.DRAFTED,
    event_at_s=1793579410.0,
    event_sha256="ab" * 32,
    reason="",
    offence=Offence.DUST,
    grade=Grade.LEAD,
    lat_deg=30.3195,
    lon_deg=120.139,
    error_semi_major_m=3.0,
    error_semi_minor_m=2.0,
    error_bearing_deg=10.0,
    first_s=1793579400.0,
    last_s=1793579404.0,
    zone_id="Z1",
    zone_name="拱宸桥工地",
    rule_id="dust-site",
    rule_version=1,
    statute="法典 240, 1128",
    event_code="03-04",
    manifest_sha256s=("cd" * 32,),
    masked_sha256s=("ef" * 32,),
    datum="WGS84",
    schema=SCHEMA,
)


@given(
    name=st.text(st.characters(exclude_categories=["Cs"])),
    lat_deg=st.floats(-90, 90),
    kind=st.sampled_from(EventKind),
    masked=st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=3),
)
def test_a_message_survives_its_json(name: str, lat_deg: float, kind: EventKind, masked: list[str]) -> None:
    """Reading what was written gives the same message."""
    message = replace(MESSAGE, zone_name=name, lat_deg=lat_deg, event=kind, masked_sha256s=tuple(masked))
    assert parse_message(message.to_json()) == message
    assert parse_message(message.to_json().encode()) == message


def test_the_key_names_case_and_sequence() -> None:
    """The idempotency key is the case and the number of the event."""
    assert MESSAGE.key == "C20261102-3fa9c1:1"
    assert json.loads(MESSAGE.to_json())["schema"] == SCHEMA


@pytest.mark.parametrize("field", [field.name for field in fields(CaseMessage)])
def test_a_missing_or_wrong_field_is_told(field: str) -> None:
    """Without a field (but sign, shop and grid cell), or with a value of the wrong type, the message is unusable."""
    body = json.loads(MESSAGE.to_json())
    without = {name: value for name, value in body.items() if name != field}
    missing = () if field in {"sign_text", "shop", "grid_cell_id"} else (without,)
    for wrong in (*missing, {**body, field: {"a": 1}}, {**body, field: True}, {**body, field: [10**400]}):
        with pytest.raises(BadInput, match="case message"):
            parse_message(json.dumps(wrong))


NO_MESSAGES = {
    "empty": "",
    "cut off": "{",
    "a list": "[]",
    "null": "null",
    "a text": '"text"',
    "not UTF-8": b"\xff",
    "not a number": MESSAGE.to_json().replace("30.3195", "NaN"),
    "too large a number": MESSAGE.to_json().replace("30.3195", "1" + "0" * 400),
    "too deep": "[" * 10**5,
}


@pytest.mark.parametrize("text", list(NO_MESSAGES.values()), ids=list(NO_MESSAGES))
def test_what_is_no_message_is_told(text: str | bytes) -> None:
    """Bytes that are not JSON, not an object or hold no number are BadInput, not a crash."""
    with pytest.raises(BadInput, match="case message"):
        parse_message(text)


def test_an_unknown_field_or_schema_is_told() -> None:
    """A message of a later form is refused rather than half understood."""
    body = json.loads(MESSAGE.to_json())
    for field, value in (("extra", 1), ("schema", "offsite.case-message/2"), ("datum", "GCJ-02")):
        with pytest.raises(BadInput, match=f"case message: {field}: .*{SCHEMA}"):
            parse_message(json.dumps({**body, field: value}))
