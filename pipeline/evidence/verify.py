"""Checking sealed evidence from the vault alone: no store, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from pipeline.domain.manifest import EvidenceItem, EvidenceRole, Manifest
from pipeline.domain.sealed_form import parse_exactly
from pipeline.errors import BadInput, NotFound, VaultCorrupt

if TYPE_CHECKING:
    from pipeline.ports import Vault

_FORM = TypeAdapter(Manifest)
_REMEDY = "Name the hash of a sealed manifest"
_ORIGINALS = (EvidenceRole.ORIGINAL_CLIP, EvidenceRole.ORIGINAL_STILL)


def parse_manifest(content: bytes) -> Manifest:
    """Read a manifest from its canonical bytes.

    Raises:
        BadInput: not a manifest, or not in the canonical form.
    """
    manifest = parse_exactly(_FORM, content, name="manifest", remedy=_REMEDY)
    if manifest.to_bytes() != content:
        fault = "the bytes are not in the canonical form"
        raise BadInput(path="manifest", field="body", fault=fault, remedy=_REMEDY)
    return manifest


def verify_manifest(vault: Vault, manifest_sha256: str) -> list[str]:
    """Check a manifest and every item it names.

    Returns:
        problems, for people; none when all is as it was sealed.
    """
    try:
        manifest = parse_manifest(vault.get(manifest_sha256))
    except (NotFound, VaultCorrupt, BadInput) as error:
        return [f"manifest {manifest_sha256}: {error}"]
    problems = [problem for item in manifest.items for problem in _item_problems(vault, manifest, item)]
    if not any(item.role in _ORIGINALS for item in manifest.items):
        problems.append(f"manifest {manifest_sha256}: names no original")
    return problems


def _item_problems(vault: Vault, manifest: Manifest, item: EvidenceItem) -> list[str]:
    where = f"{item.role} {item.sha256}"
    try:
        byte_count = len(vault.get(item.sha256))
    except (NotFound, VaultCorrupt, BadInput) as error:
        return [f"{where}: {error}"]
    problems = []
    if byte_count != item.byte_count:
        problems.append(f"{where}: has {byte_count} bytes, the manifest says {item.byte_count}")
    originals = {original.sha256 for original in manifest.items if original.role in _ORIGINALS}
    if item.role not in _ORIGINALS and item.derived_from_sha256 not in originals:
        problems.append(f"{where}: is not linked to an original of this manifest")
    return problems
