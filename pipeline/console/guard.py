"""What every request must satisfy and every answer carries: loopback names only, our own pages only, a strict policy.

The console has no accounts yet, so whoever reaches it may decide. A page on another site must therefore neither reach
it by a name that resolves to this machine (DNS rebinding: the Host check) nor send it a form (the same-origin check).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from fastapi.datastructures import Headers

    from pipeline.console.settings import ConsoleSettings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine: localhost, 127.x.x.x or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def judge_request(method: str, scheme: str, headers: Headers) -> str | None:
    """Why a request is refused, as an error code, or None when it may pass.

    A request that changes something must come from one of our pages: browsers say so in Sec-Fetch-Site or Origin, and
    a request that says neither is refused. Source: Fetch Metadata Request Headers (W3C), 2.3; RFC 6454, section 7.

    Args:
        method: HTTP method.
        scheme: http or https.
        headers: the request's.
    """
    host = headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if not is_loopback(name):
        return "foreign_host"
    if method in _SAFE_METHODS:
        return None
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None and origin is None:
        return "foreign_origin"
    same = site in {None, "same-origin"} and origin in {None, f"{scheme}://{host}"}
    return None if same else "foreign_origin"


def answer_headers(settings: ConsoleSettings) -> dict[str, str]:
    """Headers of every answer. Source: Content Security Policy Level 3 (W3C); OWASP Secure Headers Project."""
    tiles = f" {settings.tile_source}" if settings.tile_source else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self'{tiles}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
