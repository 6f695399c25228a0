"""`pumpd console`: the bedside page, in a process of its own, as a client of the daemon's socket.

It decides nothing and keeps nothing. Killing it, flooding it or upgrading it never touches an infusion; when the
daemon is gone it says so on every open page and asks again for ever. It binds to this machine alone unless told
otherwise, and then only under a certificate; one line is printed with its address.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pumpd.api_client import AsyncClient
from pumpd.config import Config, is_this_machine
from pumpd.console import (
    acts,
    bolus,
    by_word,
    checking,
    checking_in,
    containers,
    courses,
    emergency,
    handing_over,
    keeping,
    observations,
    opening,
    ordering,
    pages,
    path,
    pictures,
    preparing,
    recovering,
    reports,
    rise_checking,
    series_ordering,
    side_effects,
    starting,
    theme,
    titrating,
    visits,
    wasting,
)
from pumpd.console.guard import Guard
from pumpd.console.room import STATIC, Look, Room, room_of
from pumpd.console.shared import SharedClient
from pumpd.errors import ApiError, PumpdError, SignInNeeded

HOST: Final = "127.0.0.1"
PORT: Final = 8080
CONNECTIONS_MAX: Final = 192  # 64 streams, and room for whoever wants to stop
GRACE_S: Final = 1
KEEP_ALIVE_S: Final = 5
TO_MEND: Final = 2

_GET: Final = ["GET"]
_POST: Final = ["POST"]

ROUTES: Final = (
    Route("/", pages.bed, methods=_GET),
    Route("/events", pages.events, methods=_GET),
    Route("/sound", pages.sound, methods=_POST),
    Route("/far", pages.far, methods=_GET),
    Route("/record", pages.record, methods=_GET),
    Route("/visits", visits.overview, methods=_GET),
    *opening.ROUTES,
    *recovering.ROUTES,
    *by_word.ROUTES,
    *checking_in.ROUTES,
    *observations.ROUTES,
    *preparing.ROUTES,
    *checking.ROUTES,
    *starting.ROUTES,
    *wasting.ROUTES,
    *reports.ROUTES,
    *side_effects.ROUTES,
    *emergency.ROUTES,
    *handing_over.ROUTES,
    *courses.ROUTES,
    *series_ordering.ROUTES,
    *keeping.ROUTES,
    Route("/visits/{visit}", path.overview, methods=_GET),
    Route("/theme", theme.choose, methods=_POST),
    Route("/audio/pause", theme.pause_audio, methods=_POST),
    Route("/sign-in", acts.sign_in_form, methods=_GET),
    Route("/sign-in", acts.sign_in, methods=_POST),
    Route("/sign-out", acts.sign_out, methods=_POST),
    Route("/lock", acts.lock, methods=_POST),
    Route("/authorship", acts.settle, methods=_POST),
    Route("/stop", acts.stop, methods=_POST),
    Route("/stopping", pages.stopping, methods=_GET),
    Route("/stopping/{slot}", pages.stopping, methods=_GET),
    Route("/alarms/{alarm_id:int}/acknowledge", acts.acknowledge, methods=_POST),
    Route("/pumps/{slot}", pages.pump, methods=_GET),
    Route("/pumps/{slot}/plot.svg", pictures.plot, methods=_GET),
    Route("/pumps/{slot}/estimate", pictures.estimate, methods=_GET),
    Route("/pumps/{slot}/estimate.svg", pictures.estimate_plot, methods=_GET),
    Route("/pumps/{slot}/stop", acts.stop, methods=_POST),
    Route("/pumps/{slot}/new", ordering.choose, methods=_GET),
    Route("/pumps/{slot}/new", ordering.change, methods=_POST),
    Route("/pumps/{slot}/review", ordering.choose, methods=_GET),
    Route("/pumps/{slot}/review", ordering.review, methods=_POST),
    Route("/pumps/{slot}/start", ordering.choose, methods=_GET),
    Route("/pumps/{slot}/start", ordering.start, methods=_POST),
    Route("/pumps/{slot}/pause", pages.pause_form, methods=_GET),
    Route("/pumps/{slot}/pause", acts.pause, methods=_POST),
    Route("/pumps/{slot}/rate", titrating.form, methods=_GET),
    Route("/pumps/{slot}/rate", titrating.change, methods=_POST),
    Route("/pumps/{slot}/bolus", bolus.form, methods=_GET),
    Route("/pumps/{slot}/bolus", bolus.give, methods=_POST),
    Route("/pumps/{slot}/check", rise_checking.form, methods=_GET),
    Route("/pumps/{slot}/check", rise_checking.check, methods=_POST),
    Route("/pumps/{slot}/container", containers.form, methods=_GET),
    Route("/pumps/{slot}/container", containers.change, methods=_POST),
    Route("/pumps/{slot}/end", pages.end_form, methods=_GET),
    Route("/pumps/{slot}/end", acts.end, methods=_POST),
    Route("/pumps/{slot}/resume", acts.resume, methods=_POST),
    Route("/pumps/{slot}/step", acts.step, methods=_POST),
    Route("/pumps/{slot}/answer", acts.answer, methods=_POST),
    Route("/pumps/{slot}/rearm", acts.rearm, methods=_POST),
    Route("/pumps/{slot}/label", acts.label, methods=_POST),
    Mount("/static", StaticFiles(directory=STATIC)),
)


def create_app(client: AsyncClient, names: frozenset[str] = frozenset(), config: Path | None = None) -> Starlette:
    """`names`: hosts besides localhost and addresses by which the page may be opened. `config`: the daemon's file."""
    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Guard, names=names)],
        exception_handlers={ApiError: _told_problem, HTTPException: _told_status, SignInNeeded: _asked_who},
    )
    app.state.room = Room(client)
    app.state.reports = reports.Reports(config=config, turn=asyncio.Lock())
    return app


async def _told_problem(request: Request, error: Exception) -> Response:
    """No daemon: the page that says so and goes on asking. Anything else: what the daemon said."""
    assert isinstance(error, ApiError)
    room = room_of(request)
    if error.status is None:
        asked = request.method == "POST"
        back = "/" if asked else _address(request)
        told = {"detail": str(error), "asked": asked, "refresh": back}
        return room.show("gone", None, status=HTTPStatus.SERVICE_UNAVAILABLE, **told)
    if error.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":  # the daemon shows it to nobody
        return await _asked_who(request, SignInNeeded(None))
    look = await _look_or_none(room, request)
    return room.show("message", look, told=str(error), status=error.status)


def _address(request: Request) -> str:
    """Of the page that was asked for, on this host."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def _told_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    room = room_of(request)
    told = "There is no such page." if error.status_code == HTTPStatus.NOT_FOUND else f"{error.detail}."
    return room.show("message", await _look_or_none(room, request), told=told, status=error.status_code)


async def _asked_who(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)
    room = room_of(request)
    onward = error.onward or (_address(request) if request.method == "GET" else "/")
    return await acts.ask_who(room, await room.look(request), onward, notice=error.notice, instead=True)


async def _look_or_none(room: Room, request: Request) -> Look | None:
    try:
        return await room.look(request)
    except ApiError:
        return None


# --- serving ----------------------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn on a socket that we bound, its signals ours: the streams have to end first."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


async def serve(app: Starlette, listener: socket.socket, seal: Seal | None = None) -> None:
    """Until SIGTERM or SIGINT; out within GRACE_S and a little. `seal`: the certificate to serve under."""
    room: Room = app.state.room
    server = _Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            ssl_certfile=None if seal is None else seal.cert,
            ssl_keyfile=None if seal is None else seal.key,
        )
    )

    def leave() -> None:
        room.feed.close()
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave)
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(room.feed.run(), name="console feed")
        listening = tasks.create_task(room.ears.run(), name="console ears")
        await server.serve([listener])
        following.cancel()
        listening.cancel()


@dataclass(frozen=True, slots=True)
class Seal:
    """What makes a page private on a network."""

    cert: Path
    key: Path


def sealed(host: str, cert: Path | None, key: Path | None) -> Seal | None:
    """Raises ApiError where PINs would cross a network in the clear, or a file is missing."""
    if (cert is None) != (key is None):
        raise ApiError("--cert and --key belong together")
    if cert is None or key is None:
        if is_this_machine(host):
            return None
        raise ApiError(
            f"the page is not served at {host} without TLS: PINs would cross the network in the clear. "
            "Name a certificate with --cert FILE --key FILE, or serve it at 127.0.0.1"
        )
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise ApiError(f"{cert} and {key} are no certificate and its key: {error}") from error
    return Seal(cert, key)


def listen(host: str, port: int) -> socket.socket:
    """Raises ApiError with one line that says what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=CONNECTIONS_MAX)
    except OSError as error:
        raise ApiError(
            f"the page cannot be served at {host} port {port}: {_said(error)}. "
            "Name another one with --port, or --host for another address of this machine"
        ) from error


def _said(error: OSError) -> str:
    """Of the system alone: Python adds the address to it, which the sentence has already."""
    return str(error) if error.errno is None else os.strerror(error.errno)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pumpd console", description="Serve the bedside page of one daemon.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="take socket, host and port from the daemon's file")
    parser.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's socket")
    parser.add_argument("--host", help=f"address to listen at (default {HOST}: this machine only)")
    parser.add_argument("--port", type=int, help=f"0 takes a free one (default {PORT})")
    parser.add_argument("--cert", type=Path, metavar="FILE", help="certificate (PEM); needed for any other --host")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its private key (PEM)")
    parser.add_argument(
        "--name", action="append", default=[], metavar="HOST", help="a host name that the page is opened by; repeatable"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one line with the address when ready; returns the exit status."""
    given = _parser().parse_args(argv)
    try:
        config = None if given.config is None else Config.load(given.config)
        path = given.socket or (None if config is None else config.socket)
        host = given.host or (HOST if config is None else config.console.host)
        port = given.port if given.port is not None else (PORT if config is None else config.console.port)
        named = (given.cert, given.key) if given.cert or given.key or config is None else _seal_of(config)
        seal = sealed(host, *named)
        listener = listen(host, port)
    except PumpdError as error:
        sys.stderr.write(f"pumpd console: {error}\n")
        return TO_MEND
    with listener:
        names = frozenset(given.name) | {socket.gethostname().lower()}
        asyncio.run(_live(path, listener, seal, names, given.config))
    return 0


def _seal_of(config: Config) -> tuple[Path | None, Path | None]:
    return config.console.cert_file, config.console.key_file


async def _live(
    path: Path | None, listener: socket.socket, seal: Seal | None, names: frozenset[str], config: Path | None
) -> None:
    async with SharedClient(path) as client:
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        scheme = "http" if seal is None else "https"
        sys.stdout.write(f"pumpd console: {scheme}://{shown}:{port}/\n")
        sys.stdout.flush()
        await serve(create_app(client, names, config), listener, seal)
