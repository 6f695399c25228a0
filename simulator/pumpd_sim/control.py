"""A small HTTP door into a running simulator: ask the truth, bring on faults, press keys.

For tests in any language. It binds to the loopback address only, since whoever reaches it can stop the
pumps. Names of faults and their fields are those of `faults.Fault`; times may also be given in seconds
(`for_s`, `by_s`). Imported only when asked for, so that a simulator without it starts at once.

    GET /truth[?address=N]   POST /faults {"fault": "mute", "for_s": 5}   POST /keypad {"key": "stop"}
    GET /journal[?last=N]    GET /provenance    GET /faults    GET /readyz
"""

from __future__ import annotations

import contextlib
import json
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pumpd_sim import provenance
from pumpd_sim.devices import DeviceKind
from pumpd_sim.fault_table import FAULTS
from pumpd_sim.fault_text import fault_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from pumpd_sim.serving import ServedBus

LAST_FRAMES = 200


class BadRequestError(ValueError):
    """The request makes no sense; the sentence says what would."""


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise BadRequestError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequestError("the body must be a JSON object")
    return body


def _number_in(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise BadRequestError(f"{name} must be a whole number, not {text!r}")
    return int(text)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    status = 404 if isinstance(error, LookupError) else 400
    return JSONResponse({"error": str(error)}, status_code=status)


def application(served: ServedBus, kind: DeviceKind) -> Starlette:
    bus = served.bus

    async def truth(request: Request) -> JSONResponse:
        answer = asdict(bus.truth(served.now_ns(), _number_in(request, "address")))
        served.touched()
        return JSONResponse(answer)

    async def inject(request: Request) -> JSONResponse:
        bus.inject(served.now_ns(), fault_of(await _body(request)))
        served.touched()
        return JSONResponse({"done": True, "at_ns": served.now_ns()})

    async def known_faults(_request: Request) -> JSONResponse:
        known = [{"fault": kind.value, **asdict(facts)} for kind, facts in FAULTS.items()]
        fired = [{"at_ns": one.at_ns, "fault": one.kind.value, "detail": one.detail} for one in bus.fired]
        return JSONResponse({"known": known, "fired": fired[-LAST_FRAMES:]})

    async def keypad(request: Request) -> JSONResponse:
        bus.inject(served.now_ns(), fault_of({**await _body(request), "fault": "other_user_at_keypad"}))
        served.touched()
        return JSONResponse({"done": True, "at_ns": served.now_ns()})

    async def journal(request: Request) -> JSONResponse:
        last = _number_in(request, "last")
        entries = list(bus.journal)[-(LAST_FRAMES if last is None else max(1, last)) :]
        return JSONResponse(
            [
                {"at_ns": seen.at_ns, "event": seen.event, "hex": seen.data.hex(" "), "text": seen.text}
                for seen in entries
            ]
        )

    async def where_from(_request: Request) -> JSONResponse:
        return JSONResponse(provenance.report(kind.provenance))

    async def ready(_request: Request) -> JSONResponse:
        return JSONResponse({"ready": True})

    return Starlette(
        routes=[
            Route("/truth", truth),
            Route("/faults", known_faults),
            Route("/faults", inject, methods=["POST"]),
            Route("/keypad", keypad, methods=["POST"]),
            Route("/journal", journal),
            Route("/provenance", where_from),
            Route("/readyz", ready),
        ],
        exception_handlers={ValueError: _refused, LookupError: _refused},
    )


class _QuietServer(uvicorn.Server):
    """Signals are the simulator's, not uvicorn's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Door:
    """The HTTP server, bound at once so that its address is known before it serves."""

    def __init__(self, served: ServedBus, kind: DeviceKind, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self._socket.listen()
        config = uvicorn.Config(
            application(served, kind),
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _QuietServer(config)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def serve(self) -> None:
        await self._server.serve(sockets=[self._socket])

    def close(self) -> None:
        self._server.should_exit = True
