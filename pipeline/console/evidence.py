"""Evidence pictures by their hash: the same address is always the same bytes, so browsers may keep them."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from pipeline.console.desk import DeskOf  # noqa: TC001 - FastAPI reads annotations at run time

router = APIRouter()

# What a browser shows in place; anything else is handed out as a file and never interpreted.
_INLINE = frozenset({"image/jpeg", "image/png", "image/webp"})


@router.get("/evidence/{sha256}")
def show_evidence(request: Request, desk: DeskOf, sha256: str) -> Response:
    """The bytes of one derived picture of some case."""
    item = desk.evidence.item(sha256)
    tag = f'"{item.sha256}"'
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    inline = item.media_type in _INLINE
    headers["Content-Disposition"] = f'{"inline" if inline else "attachment"}; filename="{item.sha256[:16]}"'
    return Response(
        desk.vault.get(item.sha256),
        media_type=item.media_type if inline else "application/octet-stream",
        headers=headers,
    )
