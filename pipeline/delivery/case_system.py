"""The case system over HTTP: evidence is put first, then the event that names it. The only user of the bearer token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import httpx

from pipeline.errors import BadInput, DeliveryFailed

if TYPE_CHECKING:
    from types import TracebackType

TIMEOUT_S = 10.0
_SHOWN_LETTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSystemAddress:
    """Where the case system is, and what opens it.

    Attributes:
        url: such as https://cases.example.cn/api, without account or query.
        token: bearer token, or "" for none; never shown.
    """

    url: str
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no address, or would show a secret whenever it is named.

        Raises:
            BadInput: the address or the token is unusable.
        """
        try:
            parsed = httpx.URL(self.url)
            usable = parsed.scheme in {"http", "https"} and bool(parsed.host)
            usable = usable and not (parsed.userinfo or parsed.query or parsed.fragment)
        except (httpx.InvalidURL, TypeError):
            usable = False
        if not usable:
            raise BadInput(
                path="case system",
                field="url",
                fault="no plain http or https address",
                remedy="Write it as https://host/path; the token goes in its own setting",
            )
        if not (self.token.isascii() and (self.token.isprintable() or not self.token) and " " not in self.token):
            raise BadInput(
                path="case system", field="token", fault="holds blanks or control characters", remedy="Copy it again"
            )


class CaseSystemClient:
    """Sends evidence and events; one connection kept, every wait bounded, no redirects, no proxies."""

    def __init__(self, address: CaseSystemAddress, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        headers = {"Authorization": f"Bearer {address.token}"} if address.token else {}
        self._http = httpx.Client(
            base_url=address.url, headers=headers, timeout=timeout_s, follow_redirects=False, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connection."""
        self._http.close()

    def put_evidence(self, sha256: str, content: bytes) -> None:
        """Upload one item; the same item again is no error.

        Raises:
            DeliveryFailed: refused, or not reached.
        """
        self._call("PUT", f"evidence/{sha256}", content, {"Content-Type": "application/octet-stream"})

    def post_event(self, key: str, payload: str) -> str:
        """Send one event under its idempotency key.

        Returns:
            the receipt.

        Raises:
            DeliveryFailed: refused, not reached, or answered without a receipt.
        """
        answer = self._call(
            "POST", "cases/events", payload.encode(), {"Content-Type": "application/json", "Idempotency-Key": key}
        )
        try:
            receipt = answer.json()["receipt"]
        except (ValueError, KeyError, TypeError):
            receipt = None
        if not isinstance(receipt, str) or not receipt:
            raise DeliveryFailed(f"{self._address.url}: took {key} but gave no receipt")
        return receipt

    def _call(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
        try:
            answer = self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            fault = str(error) or type(error).__name__
            raise DeliveryFailed(f"{self._address.url}: {method} {path}: {self._clean(fault)}") from None
        if answer.status_code not in {httpx.codes.OK, httpx.codes.CREATED}:
            said = self._clean(answer.text)[:_SHOWN_LETTERS]
            raise DeliveryFailed(f"{self._address.url}: {method} {path}: status {answer.status_code}: {said}")
        return answer

    def _clean(self, text: str) -> str:
        """Text from outside, for logs: the token struck out, in case it was echoed, and on one line."""
        struck = text.replace(self._address.token, "***") if self._address.token else text
        return " ".join(struck.split())
