"""A small HTTP door into a running simulator: ask the truth, bring on faults, press keys.

For tests in any language. It binds to the loopback address only, since whoever reaches it can stop the
pumps. Names of faults and their fields are those of `fault_table`; times may also be given in seconds
(`for_s`, `by_s`). Imported only when asked for, so that a simulator without it starts at once. `openapi` describes
every route, and is served as GET /openapi.json:

    GET /truth[?address=N]   POST /faults {"fault": "mute", "for_s": 5}   POST /keypad {"key": "stop"}
    GET /state               POST /advance {"hours": 2}                   POST /verify {"text": "RAT20MH"}
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

from pumpd_sim import openapi, provenance
from pumpd_sim.devices import DeviceKind
from pumpd_sim.fault_table import FAULTS
from pumpd_sim.fault_text import fault_of
from pumpd_sim.verify import judge, speech_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from pumpd_sim.serving import ServedBus

LAST_FRAMES = 200
SPANS_NS = {"hours": 3_600 * 10**9, "minutes": 60 * 10**9, "seconds": 10**9}
ADVANCE_LIMIT_NS = 7 * 24 * 3_600 * 10**9
LONGEST = 10**9


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


def _duration_ns(asked: dict[str, Any]) -> int:
    """Hours, minutes and seconds, added up."""
    total_ns = 0
    for name, value in asked.items():
        if name not in SPANS_NS:
            raise BadRequestError(f"unknown field {name!r}; known: {', '.join(SPANS_NS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LONGEST:
            raise BadRequestError(f"{name} must be a number from 0, not {value!r}")
        total_ns += round(value * SPANS_NS[name])
    if not 0 < total_ns <= ADVANCE_LIMIT_NS:
        raise BadRequestError("advance by more than nothing and a week at most, as hours, minutes or seconds")
    return total_ns


def _expected(asked: dict[str, Any]) -> str | bytes:
    """What is to be found: `text` as the journal shows it, or `hex`."""
    unknown = [name for name in asked if name not in ("text", "hex", "event", "times")]
    if unknown or ("text" in asked) == ("hex" in asked):
        raise BadRequestError("verify one of text and hex; beside it may stand event and times")
    times = asked.get("times")
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 0):
        raise BadRequestError(f"times must be a whole number, not {times!r}")
    if not isinstance(asked.get("text", asked.get("hex")), str):
        raise BadRequestError("text and hex are texts")
    if "text" in asked:
        return str(asked["text"])
    try:
        return bytes.fromhex(asked["hex"])
    except ValueError as error:
        raise BadRequestError(f"{asked['hex']!r} is not hex") from error


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    status = 404 if isinstance(error, LookupError) else 400
    return JSONResponse({"error": str(error)}, status_code=status)


def _looks(served: ServedBus, kind: DeviceKind) -> list[Route]:
    """What may be asked."""
    bus = served.bus

    async def truth(request: Request) -> JSONResponse:
        answer = asdict(bus.truth(served.now_ns(), _number_in(request, "address")))
        served.touched()
        return JSONResponse(answer)

    async def known_faults(_request: Request) -> JSONResponse:
        known = [{"fault": kind.value, **asdict(facts)} for kind, facts in FAULTS.items()]
        fired = [{"at_ns": one.at_ns, "fault": one.kind.value, "detail": one.detail} for one in bus.fired]
        return JSONResponse({"known": known, "fired": fired[-LAST_FRAMES:]})

    async def state(_request: Request) -> JSONResponse:
        now_ns = served.now_ns()
        truths = [asdict(bus.truth(now_ns, device.address)) for device in bus.devices]
        served.touched()
        return JSONResponse(
            {
                "device": kind.name,
                "now_ns": now_ns,
                "day_ns": bus.day.now_ns,
                "speed": bus.day.speed,
                "baud": bus.baud,
                "pty": served.pty,
                "tcp": served.tcp,
                "pumps": truths,
            }
        )

    async def journal(request: Request) -> JSONResponse:
        last = _number_in(request, "last")
        entries = list(bus.journal)[-(LAST_FRAMES if last is None else max(1, last)) :]
        return JSONResponse(
            [
                {"at_ns": seen.at_ns, "event": seen.event, "hex": seen.data.hex(" "), "text": seen.text}
                for seen in entries
            ]
        )

    async def described(_request: Request) -> JSONResponse:
        return JSONResponse(openapi.document())

    async def where_from(_request: Request) -> JSONResponse:
        return JSONResponse(provenance.report(kind.provenance))

    async def ready(_request: Request) -> JSONResponse:
        return JSONResponse({"ready": True})

    return [
        Route("/truth", truth),
        Route("/faults", known_faults),
        Route("/state", state),
        Route("/journal", journal),
        Route("/openapi.json", described),
        Route("/provenance", where_from),
        Route("/readyz", ready),
    ]


def _acts(served: ServedBus, kind: DeviceKind) -> list[Route]:
    """What brings something about, or is asked with a body."""
    bus = served.bus
    speech = speech_of(kind, bus.devices[0].address)

    async def inject(request: Request) -> JSONResponse:
        bus.inject(served.now_ns(), fault_of(await _body(request)))
        served.touched()
        return JSONResponse({"done": True, "at_ns": served.now_ns()})

    async def keypad(request: Request) -> JSONResponse:
        bus.inject(served.now_ns(), fault_of({**await _body(request), "fault": "other_user_at_keypad"}))
        served.touched()
        return JSONResponse({"done": True, "at_ns": served.now_ns()})

    async def advance(request: Request) -> JSONResponse:
        by_ns = _duration_ns(await _body(request))
        bus.advance(served.now_ns(), by_ns)
        served.touched()
        return JSONResponse({"done": True, "at_ns": served.now_ns(), "day_ns": bus.day.now_ns})

    async def verify(request: Request) -> JSONResponse:
        asked = await _body(request)
        wanted, event, times = _expected(asked), asked.get("event", "pump_hears"), asked.get("times")
        verdict = judge(bus.journal, wanted, event=event, times=times, speech=speech)
        near = [{"at_ns": seen.at_ns, "event": seen.event, "text": seen.text} for seen in verdict.near]
        answer = {"holds": verdict.holds, "found": verdict.found, "sentence": verdict.sentence, "near": near}
        return JSONResponse(answer)

    return [
        Route("/faults", inject, methods=["POST"]),
        Route("/keypad", keypad, methods=["POST"]),
        Route("/advance", advance, methods=["POST"]),
        Route("/verify", verify, methods=["POST"]),
    ]


def application(served: ServedBus, kind: DeviceKind) -> Starlette:
    return Starlette(
        routes=[*_looks(served, kind), *_acts(served, kind)],
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
