"""HTTP and server-sent events on the daemon's Unix socket: parse, authenticate, enqueue. It decides nothing.

Every act becomes one request on the bed's queue, with whoever asks, and the bed's answer is handed back as it is:
accepted (200), refused with every reason (409), or refused because nobody is signed in (401). What never reaches the
bed is answered here: unreadable (422), an unknown pump (404), a bed that is busy (503).

STOP passes everything: no session, no key, no age, no limit on who. For everything that may raise delivery an
answer that nobody waits for any more is not given: a caller who has hung up gets no start, and the header
Pumpd-Sent-At-Ns lets the bed refuse what was asked too long ago (a daemon that was suspended wakes up to full buffers).

A request may carry an Idempotency-Key: the same key again gets the same answer, and is not done twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Final

import uvicorn
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pumpd import api_bolus, api_containers, api_listeners, api_path, api_people, api_typed
from pumpd.api_calls import EVERYWHERE, ROOT, At, By, acts_under, looks_under, told
from pumpd.api_desk import Desk
from pumpd.api_models import (
    AnswerBody,
    AnswerView,
    AudioPauseBody,
    BedView,
    HistoryRow,
    LabelBody,
    PauseBody,
    ProblemView,
    RateBody,
    RegimenView,
    ResumeBody,
    ReviewRequest,
    ReviewView,
    SampleView,
    StartBody,
)
from pumpd.api_rise_models import RateReviewView
from pumpd.api_socket import listening
from pumpd.core import requests as r
from pumpd.drafts import Drafts
from pumpd.errors import ApiError
from pumpd.identities import Identities

BODY_BYTES_MAX: Final = 16_384  # an order is a few hundred; nothing here needs more
CONNECTIONS_MAX: Final = 64  # 16 readers of events, a console's pool, and room for whoever wants to stop
GRACE_S: Final = 1  # what is under way at a hand-over may still be answered
KEEP_ALIVE_S: Final = 5
HISTORY_ROWS_MAX: Final = 500

bedside = APIRouter(prefix=ROOT, responses=EVERYWHERE)  # looks at the bed: for whoever stands there
looks = looks_under()
acts = acts_under()


# --- looking --------------------------------------------------------------------------------------------


@bedside.get("/bed")
async def bed(desk: At) -> BedView:
    return desk.look()


@bedside.get("/events", response_class=StreamingResponse)
async def events(desk: At, watcher: Annotated[str | None, Query(max_length=64)] = None) -> Response:
    """Whole views of the bed as server-sent events `bed`: at once, at every change, at least once a second.

    A stream may name itself: a pause of the sound that is asked for in its name ends with it.
    """
    if desk.feed.full:
        raise ApiError("Too many screens are following this bed. Close one of them.", status=503)
    frames = desk.feed.frames(watcher)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@bedside.get("/regimens")
async def regimens(desk: At, slot: str) -> tuple[RegimenView, ...]:
    return desk.regimens(slot)


@bedside.post("/review")
async def review(desk: At, body: ReviewRequest) -> ReviewView:
    """What this order would become on this pump, and everything that speaks against it. Changes nothing."""
    return desk.review(body.slot, api_typed.order(body.order))


@bedside.get("/samples")
async def samples(desk: At, slot: str, since_ms: Annotated[int, Query(ge=0)] = 0) -> tuple[SampleView, ...]:
    return desk.samples(slot, since_ms)


@looks.get("/history")
async def history(desk: At, limit: Annotated[int, Query(ge=1, le=HISTORY_ROWS_MAX)] = 100) -> tuple[HistoryRow, ...]:
    """The latest rows of the journal, the newest first: they tell of patients, in the words of whoever entered it."""
    return desk.history(limit)


# --- acting ---------------------------------------------------------------------------------------------


@acts.post("/stop", response_model=AnswerView)
async def stop_all(desk: At, by: By) -> Response:
    """STOP ALL. Needs nobody."""
    return told(await desk.stop(by, None))


@acts.post("/pumps/{slot}/stop", response_model=AnswerView)
async def stop(desk: At, by: By, slot: str) -> Response:
    """STOP. Needs nobody."""
    return told(await desk.stop(by, slot))


@acts.post("/pumps/{slot}/start", response_model=AnswerView)
async def start(desk: At, by: By, slot: str, body: StartBody) -> Response:
    order = api_typed.order(body.order)
    override = None if body.override is None else await desk.sessions.override(body.override)
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.StartRequested(**common, slot=slot, order=order, digest=body.digest, override=override),
        )
    )


@acts.post("/pumps/{slot}/pause", response_model=AnswerView)
async def pause(desk: At, by: By, slot: str, body: PauseBody) -> Response:
    """A stop with a reason and a quiet time. Asked for by nobody it is a STOP, and as loud."""
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.PauseRequested(**common, slot=slot, reason=body.reason),
            free=True,
        )
    )


@acts.post("/pumps/{slot}/resume", response_model=AnswerView)
async def resume(desk: At, by: By, slot: str, body: ResumeBody) -> Response:
    return told(await desk.act(by, slot, body, lambda common: r.ResumeRequested(**common, slot=slot, keep=body.keep)))


@acts.post("/pumps/{slot}/rate", response_model=AnswerView)
async def rate(desk: At, by: By, slot: str, body: RateBody) -> Response:
    wanted = api_typed.rate_ul_per_h(body.rate_ml_per_h)
    twice = None if body.repeated_ml_per_h is None else api_typed.rate_ul_per_h(body.repeated_ml_per_h)
    override = None if body.override is None else await desk.sessions.override(body.override)
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.RateRequested(
                **common,
                slot=slot,
                rate_ul_per_h=wanted,
                digest=body.digest or "",
                repeated_ul_per_h=twice,
                override=override,
                reason=body.reason or "",
            ),
        )
    )


@bedside.post("/pumps/{slot}/rate/review", responses={409: {"model": ProblemView}})
async def review_rate(desk: At, by: By, slot: str, body: RateBody) -> RateReviewView:
    """What a rise to this rate would become, and everything that it needs. Changes nothing."""
    return desk.review_rate(by, slot, api_typed.rate_ul_per_h(body.rate_ml_per_h))


@acts.post("/pumps/{slot}/step", response_model=AnswerView)
async def step(desk: At, by: By, slot: str) -> Response:
    """The tap that a due step up waits for."""
    return told(await desk.act(by, slot, None, lambda common: r.StepRequested(**common, slot=slot)))


@acts.post("/pumps/{slot}/end", response_model=AnswerView)
async def end(desk: At, by: By, slot: str) -> Response:
    """End a stopped infusion for good."""
    return told(await desk.act(by, slot, None, lambda common: r.EndRequested(**common, slot=slot)))


@acts.post("/pumps/{slot}/answer", response_model=AnswerView)
async def answer(desk: At, by: By, slot: str, body: AnswerBody) -> Response:
    """Is the plunger driven? What a person sees at the pump. A locked page may; nobody may say that it stands."""
    return told(
        await desk.act(
            by,
            slot,
            body,
            lambda common: r.DeliveryAnswered(**common, slot=slot, answer=body.answer),
            free=True,
        )
    )


@acts.post("/pumps/{slot}/rearm", response_model=AnswerView)
async def rearm(desk: At, by: By, slot: str) -> Response:
    """Take a pump in Fault back into use."""
    return told(await desk.act(by, slot, None, lambda common: r.RearmRequested(**common, slot=slot)))


@acts.post("/pumps/{slot}/label", response_model=AnswerView)
async def label(desk: At, by: By, slot: str, body: LabelBody) -> Response:
    """The label on the housing of a pump that may be another one, as typed or scanned."""
    return told(await desk.act(by, slot, body, lambda common: r.PumpConfirmed(**common, slot=slot, asset=body.asset)))


@acts.post("/audio/pause", response_model=AnswerView)
async def pause_audio(desk: At, by: By, body: AudioPauseBody) -> Response:
    """The alarms that stand now are not heard for two minutes. A locked page may."""
    desk.require_watcher(body.watcher)
    return told(
        await desk.act(
            by,
            None,
            None,
            lambda common: r.AudioPauseRequested(**common, watcher=body.watcher),
            free=True,
        )
    )


@acts.post("/alarms/{alarm_id}/acknowledge", response_model=AnswerView)
async def acknowledge(desk: At, by: By, alarm_id: int) -> Response:
    """Somebody has seen this alarm. A locked page may."""
    return told(
        await desk.act(
            by,
            None,
            None,
            lambda common: r.AcknowledgeRequested(**common, alarm_id=alarm_id),
            free=True,
        )
    )


ROUTERS: Final = (
    bedside,
    looks,
    acts,
    api_people.doors,
    api_people.acts,
    api_listeners.doors,
    api_containers.acts,
    api_bolus.acts,
    *api_path.ROUTERS,
)


# --- the application ------------------------------------------------------------------------------------


def create_app(desk: Desk, identities: Identities | None = None, drafts: Drafts | None = None) -> FastAPI:
    app = FastAPI(
        title="pumpd",
        summary="The bed's own door: a Unix socket on this machine, never a network port.",
        description="Research software, not a medical device. Texts are made by the daemon; clients print them.",
        version="1",
        routes=[route for each in ROUTERS for route in each.routes],
        docs_url=None,  # these pages load scripts from a network that a bedside has not
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        exception_handlers={
            ApiError: _told_problem,
            HTTPException: _told_status,
            RequestValidationError: _told_unreadable,
        },
    )
    app.state.desk = desk
    app.state.identities = identities
    app.state.drafts = drafts
    app.add_middleware(_Bounded)
    return app


def _problem(status: int, text: str, field: str | None = None) -> JSONResponse:
    return JSONResponse(ProblemView(text=text, field=field).model_dump(mode="json"), status_code=status)


async def _told_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _problem(error.status or 503, str(error), error.field)


async def _told_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # FastAPI's word for bytes that are no text, or JSON beyond all measure
        return _problem(422, "The call holds no readable JSON.")
    return _problem(error.status_code, f"{request.method} {request.url.path}: {error.detail}")


async def _told_unreadable(_: Request, error: Exception) -> Response:
    """The first fault in words; the rest shows once that is mended."""
    assert isinstance(error, RequestValidationError)
    fault = error.errors()[0]
    path = [str(part) for part in fault["loc"]]
    field = path[-1] if len(path) > 1 else None
    where = ".".join(path[1:]) or "the call"
    return _problem(422, f"{where}: {fault['msg']}", field)


class _Bounded:
    """Refuses a body beyond BODY_BYTES_MAX before anything reads it whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY_BYTES_MAX:
                raise HTTPException(413, "the call is too long")
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)


# --- serving --------------------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn on our socket and without its signal handlers: signals are the daemon's."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


async def serve(app: FastAPI, socket_path: Path, beat: Callable[[], None]) -> None:
    """Until cancelled; then every stream is ended, and it is out within GRACE_S and a little.

    Raises ApiError when the socket cannot be had. `beat` is called at least once a second.
    """
    desk: Desk = app.state.desk
    with listening(socket_path) as listener, desk.watching():
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
            )
        )
        async with asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(desk.feed.run(beat), name="api feed")
            serving = tasks.create_task(server.serve([listener]), name="api server")
            try:
                await asyncio.wait((feeding, serving), return_when=asyncio.FIRST_COMPLETED)
            finally:
                desk.feed.close()
                server.should_exit = True
                await asyncio.wait((feeding, serving))  # uvicorn's own grace bounds it
                for connection in server.server_state.connections:
                    if connection.transport is not None:
                        connection.transport.abort()  # of a reader that reads nothing
