"""The manifest's canonical bytes and their hash."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.manifest import EvidenceItem, EvidenceRole, Manifest
from pipeline.errors import BadInput
from pipeline.evidence.verify import parse_manifest

MANIFEST = Manifest(
    finding_id="0123456789abcdef",
    look_id="look-1",
    source_id="drone-1",
    device="大疆 M30",
    offence="dust",
    captured_from_s=1793579400.0,
    captured_until_s=1793579404.125,
    clock_offset_s=-0.25,
    lat_deg=30.3195,
    lon_deg=120.139,
    error_semi_major_m=2.5,
    error_semi_minor_m=1.0,
    error_bearing_deg=45.0,
    rule_id="dust-site",
    rule_version=1,
    software="offsite 0.1.0",
    model_name="street-4",
    model_sha256="ab" * 32,
    items=(EvidenceItem(sha256="cd" * 32, byte_count=7, role=EvidenceRole.ORIGINAL_CLIP, media_type="video/mp4"),),
)


def test_the_bytes_are_fixed_for_ever() -> None:
    """The canonical bytes of a known manifest are these; a change here breaks every seal ever made."""
    assert MANIFEST.to_bytes().decode() == (
        '{"captured_from_s":1793579400.0,"captured_until_s":1793579404.125,"clock_offset_s":-0.25,"datum":"WGS84",'
        '"device":"大疆 M30","error_bearing_deg":45.0,"error_semi_major_m":2.5,"error_semi_minor_m":1.0,'
        '"finding_id":"0123456789abcdef","items":[{"byte_count":7,"derived_from_sha256":null,"media_type":"video/mp4",'
        f'"role":"original_clip","sha256":"{"cd" * 32}"}}],"lat_deg":30.3195,"lon_deg":120.139,"look_id":"look-1",'
        f'"model_name":"street-4","model_sha256":"{"ab" * 32}","offence":"dust","rule_id":"dust-site",'
        '"rule_version":1,"software":"offsite 0.1.0","source_id":"drone-1"}'
    )


@given(
    lat_deg=st.floats(-90, 90),
    error_m=st.floats(0, 1e6),
    device=st.text(st.characters(exclude_categories=["Cs"])),
    version=st.integers(0, 10**9),
)
def test_a_manifest_survives_its_bytes(lat_deg: float, error_m: float, device: str, version: int) -> None:
    """Whatever it holds, reading the bytes gives the same manifest and the same bytes."""
    manifest = replace(MANIFEST, lat_deg=lat_deg, error_semi_major_m=error_m, device=device, rule_version=version)
    again = parse_manifest(manifest.to_bytes())
    assert again == manifest
    assert again.to_bytes() == manifest.to_bytes()


@pytest.mark.parametrize("field", [name for name in json.loads(MANIFEST.to_bytes()) if name != "items"])
def test_every_field_is_in_the_bytes(field: str) -> None:
    """Changing any field changes the bytes, and so the hash."""
    value = getattr(MANIFEST, field)
    assert replace(MANIFEST, **{field: value + type(value)("1")}).to_bytes() != MANIFEST.to_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_cannot_be_sealed(value: float) -> None:
    """A number JSON cannot say is refused, not sealed as something no one else can read."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(MANIFEST, lat_deg=value).to_bytes()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b":30.3195", b":NaN", "lat_deg"),
        (b'"rule_version":1', b'"rule_version":"1"', "rule_version"),
        (b'"rule_version":1', b'"rule_version":1.5', "rule_version"),
        (b'"original_clip"', b'"hearsay"', r"items\.0\.role"),
        (b'"datum":"WGS84",', b"", "canonical"),
        (b'{"captured', b'{"a":1,"captured', "a: "),
        (b'{"byte_count', b'{"a":1,"byte_count', r"items\.0\.a"),
    ],
)
def test_bytes_that_say_anything_else_are_refused(old: bytes, new: bytes, told: str) -> None:
    """A number that is none, a value of another type, an unknown role, a field too few or too many: named, no crash."""
    content = MANIFEST.to_bytes().replace(old, new)
    assert content != MANIFEST.to_bytes()
    with pytest.raises(BadInput, match=told):
        parse_manifest(content)
