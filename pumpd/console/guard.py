"""Who may make this page do something: only its own forms, in a browser that came here by a name we know.

Three checks, each against another trick. The Host must be a name that we serve, or an address: a foreign name that
was pointed at this machine is turned away. The Origin of a form must be this very page. And whatever needs a person
carries a token made of that person's session, which no other site can know.

STOP asks for the first two and no more: no person, no token. A browser that sends no Origin at all (or a plain
program on this machine) may stop; nothing that comes from another site may.

The headers forbid everything that the pages do not use: no script, style, image or connection from elsewhere,
none inside the page, no frame around it. `same-origin` for the referrer, since `no-referrer` makes a browser hide the
Origin of our own forms.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "pumpd_session"
THEME_COOKIE: Final = "pumpd_theme"
TOKEN_FIELD: Final = "token"  # noqa: S105  # the name of a field
HALF_A_YEAR_S: Final = 15_552_000  # a browser that has met TLS here does not go back to plain HTTP
BODY_BYTES_MAX: Final = 16_384  # the longest form is an order with a reason: a few hundred

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Around the whole application: names, origins, sizes, headers."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = f"max-age={HALF_A_YEAR_S}"
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)
        if refusal is not None:
            await refusal(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        if not self._is_ours(headers.get("host", "")):
            return PlainTextResponse(
                "This page is not served under this name. Open it by its address, or start the console with --name.",
                status_code=421,
            )
        if method in ("GET", "HEAD"):
            return None
        if not comes_from_here(headers):
            return PlainTextResponse(
                "This came from another site and was not done. Go back to the page of the bed.", status_code=403
            )
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            return PlainTextResponse("This form is too long.", status_code=413)
        return None

    def _is_ours(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname or ""
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def comes_from_here(headers: Headers) -> bool:
    """The form was sent by a page of this very host, by the browser's own word."""
    origin = headers.get("origin", "null")
    if origin != "null":
        return urlsplit(origin).netloc == headers.get("host", "")
    return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def form_token(session_token: str) -> str:
    """Goes into every form of a signed-in person: only who holds the session can make it."""
    return hashlib.sha256(f"pumpd form {session_token}".encode()).hexdigest()


def holds_token(request: Request, given: str) -> bool:
    return hmac.compare_digest(form_token(request.cookies.get(COOKIE, "")), given)
