"""The API's calls about people: who may sign in, signing in and out, locking a page, and whose an act was."""

from __future__ import annotations

from fastapi import APIRouter, Response

from pumpd.api_calls import EVERYWHERE, ROOT, At, By, acts_under, told
from pumpd.api_models import AnswerView, AuthorBody, PersonView, ProblemView, SessionBody, SessionView
from pumpd.core import requests as r

acts = acts_under()
doors = APIRouter(
    prefix=ROOT,
    responses={
        **EVERYWHERE,
        401: {"model": ProblemView, "description": "nobody is signed in, a wrong PIN, or a locked page"},
        403: {"model": ProblemView, "description": "somebody else may"},
        429: {"model": ProblemView, "description": "too many wrong PINs: wait"},
        503: {"model": ProblemView, "description": "too many people sign in at once"},
    },
)


@doors.get("/people")
async def people(desk: At) -> tuple[PersonView, ...]:
    return desk.sessions.people()


@doors.post("/sessions", status_code=201)
async def sign_in(desk: At, by: By, body: SessionBody) -> SessionView:
    """Opens a page, a locked one too; the session that it had before ends."""
    return await desk.sessions.sign_in(by, body.person, body.pin)


@doors.get("/sessions/mine")
async def session(desk: At, by: By) -> SessionView:
    return desk.sessions.session(by)


@doors.post("/sessions/mine/lock")
async def lock(desk: At, by: By) -> SessionView:
    """Whoever walks away locks the page: it keeps what a locked page may do, and takes a PIN for the rest."""
    return desk.sessions.lock(by)


@doors.delete("/sessions/mine")
async def sign_out(desk: At, by: By) -> SessionView:
    """Leaves nothing behind but STOP."""
    return desk.sessions.sign_out(by)


@doors.post("/people/{person}/clear-wait", status_code=204)
async def clear_wait(desk: At, by: By, person: str) -> None:
    """After too many wrong PINs somebody waits, five minutes at most; another role may end that."""
    desk.sessions.clear_wait(by, person)


@acts.post("/authorship", response_model=AnswerView)
async def settle_author(desk: At, by: By, body: AuthorBody) -> Response:
    """What was done in one's name on a locked page: mine, or not mine."""
    return told(
        await desk.act(by, None, body, lambda common: r.AuthorAnswered(**common, acts=tuple(body.acts), mine=body.mine))
    )
