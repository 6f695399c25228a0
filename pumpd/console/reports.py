"""The record of a visit and the downtime sheet, on the page and as files.

Both are made by `pumpd report`, as a program of its own that reads the journal beside the daemon: folding a journal
and setting a PDF takes seconds, and neither the daemon nor this console, which carries every STOP, waits for it. One is
made at a time. It needs the daemon's configuration (`pumpd console --config`) and an account that may read the journal;
where either is missing the page says so, and how to make the record by hand.

A name is on the page, on text and on paper for whoever cares for patients, and in nothing else.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pumpd.console.names import names_of
from pumpd.console.path import seen, show
from pumpd.console.room import room_of
from pumpd.errors import ApiError, SignInNeeded

STEP: Final = "record"
TIME_S: Final = 60  # a journal of weeks takes ten
STDOUT: Final = "/dev/stdout"  # a PDF is asked for by a file's name, and no name of a patient is left in one

# form -> its media type, and the ending of its file
FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "pdf": ("application/pdf", "pdf"),
    "text": ("text/plain; charset=utf-8", "txt"),
    "json": ("application/json", "json"),
    "fhir": ("application/fhir+json", "fhir.json"),
    "csv": ("text/csv; charset=utf-8", "csv"),
}
NAMED: Final = frozenset({"pdf", "text", "sheet"})


@dataclass(slots=True)
class Reports:
    """`config`: the daemon's file; None where this console was not told of it."""

    config: Path | None
    turn: asyncio.Lock

    async def made(self, *asked: str) -> bytes:
        """Raises ApiError with what `pumpd report` says."""
        if self.config is None:
            raise ApiError(
                "This page was started without the daemon's file, so it makes no records. Start it with --config FILE, "
                "or use `pumpd report` at the bed's computer.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
        command = [sys.executable, "-m", "pumpd.cli", "report", *asked, "--config", str(self.config), "--out", STDOUT]
        async with self.turn:
            try:
                done = await asyncio.to_thread(
                    subprocess.run, command, capture_output=True, timeout=TIME_S, check=False, stdin=subprocess.DEVNULL
                )
            except subprocess.TimeoutExpired:
                raise ApiError(
                    "The record took too long. Use `pumpd report` at the bed's computer.",
                    status=HTTPStatus.SERVICE_UNAVAILABLE,
                ) from None
        if done.returncode != 0:
            told = done.stderr.decode(errors="replace").strip().splitlines()
            raise ApiError(
                f"No record was made. {told[-1] if told else ''}".strip(), status=HTTPStatus.SERVICE_UNAVAILABLE
            )
        return done.stdout

    async def sheet(self, *asked: str) -> Any:  # noqa: ANN401  # the blocks as JSON, for a template
        return json.loads(await self.made(*asked, "--format", "sheet"))


def reports_of(request: Request) -> Reports:
    found: Reports = request.app.state.reports
    return found


async def screen(request: Request) -> Response:
    """A visit's record, as it would be printed."""
    sight = await seen(request)
    named = ("--names",) if sight.patient is not None else ()
    sheet = await reports_of(request).sheet(sight.id, *named)
    return show(sight, "visit_record", STEP, sheet=sheet, forms=FORMS, refresh=sight.at(STEP), again=3_600)


async def file(request: Request) -> Response:
    """One form of a visit's record, to keep."""
    sight, form = await seen(request), request.path_params["form"]
    if form not in FORMS:
        raise ApiError("There is no such form of a record.", status=HTTPStatus.NOT_FOUND)
    named = ("--names",) if form in NAMED and sight.patient is not None else ()
    return _kept(f"visit-{sight.id}", form, await reports_of(request).made(sight.id, *named, "--format", form))


async def downtime(request: Request) -> Response:
    """What to go on with when the program is down: to be printed before it is."""
    room = room_of(request)
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None)
    named = ("--names",) if await names_of(room, look) else ()
    sheet = await reports_of(request).sheet("--downtime", *named)
    return room.show("downtime", look, sheet=sheet)


async def downtime_paper(request: Request) -> Response:
    room = room_of(request)
    look = await room.look(request)
    if look.person is None:
        raise SignInNeeded(None)
    named = ("--names",) if await names_of(room, look) else ()
    return _kept("downtime", "pdf", await reports_of(request).made("--downtime", *named, "--format", "pdf"))


def _kept(name: str, form: str, made: bytes) -> Response:
    media, ending = FORMS[form]
    return Response(made, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}.{ending}"'})


ROUTES: Final = (
    Route(f"/visits/{{visit}}/{STEP}", screen, methods=["GET"]),
    Route(f"/visits/{{visit}}/{STEP}/{{form}}", file, methods=["GET"]),
    Route("/downtime", downtime, methods=["GET"]),
    Route("/downtime.pdf", downtime_paper, methods=["GET"]),
)
